// Numbers as the page writes them: true minus signs, grouped thousands, one unit per kind.

const minus = '\u2212'
const grouped = new Intl.NumberFormat('en-US')

export const count = (value: number) => grouped.format(value)

/** 1 KB is 1,000 bytes. */
export function bytes(value: number): string {
  if (value < 1e6) return `${(value / 1e3).toFixed(value < 1e5 ? 1 : 0)} KB`
  return `${(value / 1e6).toFixed(2)} MB`
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 1 ? 3 : 2)} ms`
}

export const percent = (share: number, digits = 2) => `${(share * 100).toFixed(digits)} %`

/** A difference of two shares in percentage points, with its sign. */
export function points(difference: number): string {
  const value = (difference * 100).toFixed(2)
  if (Number(value) === 0) return '0'
  return difference > 0 ? `+${value}` : value.replace('-', minus)
}

export const signed = (value: number, digits: number) => value.toFixed(digits).replace('-', minus)

export const times = (ratio: number) => `${ratio.toFixed(ratio < 10 ? 1 : 0)}×`

export const decibels = (value: number) =>
  Number.isFinite(value) ? `${signed(value, 1)} dB` : 'exact'

export const plural = (value: number, noun: string) =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`

export function softmax(logits: Float32Array): Float32Array {
  const largest = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; ++i) {
    if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
  }
  return best
}
