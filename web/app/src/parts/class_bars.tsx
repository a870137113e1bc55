// What both models say of one image: a bar per class and model.

import type { Outputs } from '../job'
import { argmax, percent, signed, softmax } from '../numbers'

interface Props {
  readonly outputs: Outputs | null
  readonly classNames: readonly string[]
  /** Logits are what the network computes; probabilities are their softmax. */
  readonly unit: 'logit' | 'probability'
  readonly caption: string
}

function Bar({ kind, start, end }: { kind: 'fp32' | 'int8'; start: number; end: number }) {
  const left = Math.min(start, end)
  const width = Math.abs(end - start)
  return (
    <span class={`class-bar ${kind}`}>
      <span style={{ left: `${left * 100}%`, width: `${width * 100}%` }} />
    </span>
  )
}

export function ClassBars({ outputs, classNames, unit, caption }: Props) {
  const convert = unit === 'logit' ? (logits: Float32Array) => logits : softmax
  const fp32 = outputs && convert(outputs.fp32)
  const int8 = outputs && convert(outputs.int8)
  const all = [0, ...(fp32 ?? []), ...(int8 ?? [])]
  const low = unit === 'logit' ? Math.min(...all) : 0
  const high = unit === 'logit' ? Math.max(...all) : 1
  const place = (value: number) => (value - low) / (high - low || 1)
  const text = (value: number | undefined) =>
    value === undefined ? '–' : unit === 'logit' ? signed(value, 2) : percent(value, 1)
  return (
    <table class="class-bars">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Class</th>
          <td />
          <th scope="col" class="fp32">
            FP32
          </th>
          <th scope="col" class="int8">
            INT8
          </th>
        </tr>
      </thead>
      <tbody>
        {classNames.map((name, index) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="class-bar-cell">
              <Bar kind="fp32" start={place(0)} end={place(fp32?.[index] ?? 0)} />
              <Bar kind="int8" start={place(0)} end={place(int8?.[index] ?? 0)} />
            </td>
            <td class={fp32 && argmax(fp32) === index ? 'top' : ''}>{text(fp32?.[index])}</td>
            <td class={int8 && argmax(int8) === index ? 'top' : ''}>{text(int8?.[index])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
