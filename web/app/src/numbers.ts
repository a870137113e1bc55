// Numbers as the page writes them: true minus signs, grouped thousands, one unit per kind, on the number's line.

const minus = '\u2212'
const space = '\u00a0'

/** Beyond this many dB, 20 bits, nothing is left of quantization: only float32's own rounding. */
const exactDb = 120

const grouped = new Intl.NumberFormat('en-US')

export const count = (value: number) => grouped.format(value)

/** 1 KB is 1,000 bytes. */
export function bytes(value: number): string {
  if (value < 1e6) return `${(value / 1e3).toFixed(value < 1e5 ? 1 : 0)}${space}KB`
  return `${(value / 1e6).toFixed(2)}${space}MB`
}

const msDigits = (value: number) => value.toFixed(value < 1 ? 3 : 2)

export const milliseconds = (value: number) => `${msDigits(value)}${space}ms`

export const millisecondRange = (low: number, high: number) =>
  `${msDigits(low)}–${milliseconds(high)}`

export const percent = (share: number, digits = 2) => `${(share * 100).toFixed(digits)}${space}%`

/** A difference of two shares in percentage points, with its sign. */
export function points(difference: number): string {
  const value = (difference * 100).toFixed(2)
  if (Number(value) === 0) return '0'
  return difference > 0 ? `+${value}` : value.replace('-', minus)
}

export const signed = (value: number, digits: number) => value.toFixed(digits).replace('-', minus)

export const times = (ratio: number) => `${ratio.toFixed(ratio < 10 ? 1 : 0)}×`

export const isExact = (db: number) => db > exactDb

/** Without the unit. Minus infinity is an error where there should be nothing but zeros. */
export function decibelDigits(db: number): string {
  if (isExact(db)) return 'exact'
  return db === -Infinity ? `${minus}∞` : signed(db, 1)
}

export const decibels = (db: number) => decibelDigits(db) + (isExact(db) ? '' : `${space}dB`)

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
