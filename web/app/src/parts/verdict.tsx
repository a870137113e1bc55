// FP32 and INT8 side by side: accuracy, size, latency, agreement; and the quantized model to take away.

import type { Flip, Latency, ModelReport } from 'lowbit'
import { useEffect, useRef } from 'preact/hooks'
import type { Result } from '../job'
import {
  bytes,
  count,
  millisecondRange,
  milliseconds,
  percent,
  plural,
  points,
  times,
} from '../numbers'
import { experiment, ownFile } from '../state'

function accuracySentence({ report }: Result): string {
  const change = report.b.correct - report.a.correct
  const images = `of ${count(report.labelled)} images`
  if (change === 0) return 'INT8 is right exactly as often'
  return `INT8 ${change < 0 ? 'lost' : 'gained'} ${count(Math.abs(change))} ${images}`
}

function speedSentence(a: Latency, b: Latency): string {
  const ratio = a.median / b.median
  if (ratio >= 1.05) return `${times(ratio)} faster`
  return ratio > 0.95 ? 'about as fast' : `${times(1 / ratio)} slower`
}

function headline(result: Result): string {
  const { a, b } = result.report
  const size = `is ${times(a.bytes / b.bytes)} smaller`
  if (!a.latencyMs || !b.latencyMs) return `${accuracySentence(result)} and ${size}.`
  return `${accuracySentence(result)}, ${size} and ${speedSentence(a.latencyMs, b.latencyMs)}.`
}

function intervalSentence({ report: { top1Difference } }: Result): string {
  if (!top1Difference) return ''
  const { difference, low, high } = top1Difference
  const interval = `${percent(0.95, 0)} interval ${points(low)} to ${points(high)} points`
  if (difference === 0) return `Accuracy stays the same (${interval}).`
  const isWithinChance = low <= 0 && high >= 0
  const weight = isWithinChance ? 'so little may be chance' : 'more than chance explains'
  return `Accuracy changes by ${points(difference)} points (${interval}): ${weight}.`
}

interface FigureProps {
  readonly name: string
  readonly value: string
  readonly detail: string
  readonly share: number
}

function Figure({ name, value, detail, share }: FigureProps) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        <span class="figure-value">{value}</span>
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${Math.min(1, share) * 100}%` }} />
        </span>
        <span class="figure-detail">{detail}</span>
      </dd>
    </div>
  )
}

interface CardProps {
  readonly kind: 'fp32' | 'int8'
  readonly model: ModelReport
  readonly other: ModelReport
  readonly labelled: number
}

function Card({ kind, model, other, labelled }: CardProps) {
  const latency = model.latencyMs
  const slowest = Math.max(latency?.median ?? 0, other.latencyMs?.median ?? 0)
  return (
    <section class={`card ${kind}`} aria-label={kind === 'fp32' ? 'FP32 model' : 'INT8 model'}>
      <h3>
        {kind === 'fp32' ? 'FP32' : 'INT8'}
        <small>{kind === 'fp32' ? '32-bit floats' : '8-bit integers'}</small>
      </h3>
      <dl>
        <Figure
          name="Accuracy"
          value={percent(model.top1 ?? 0)}
          detail={`${count(model.correct)} of ${count(labelled)} right`}
          share={model.top1 ?? 0}
        />
        <Figure
          name="Size"
          value={bytes(model.bytes)}
          detail="as an ONNX file"
          share={model.bytes / Math.max(model.bytes, other.bytes)}
        />
        {latency && (
          <Figure
            name="Time per image"
            value={milliseconds(latency.median)}
            detail={`median; ${percent(0.8, 0)} take ${millisecondRange(latency.p10, latency.p90)}`}
            share={latency.median / slowest}
          />
        )}
      </dl>
    </section>
  )
}

function Agreement({ result }: { result: Result }) {
  const { report } = result
  const flips = (kind: Flip['effect']) =>
    report.flips.filter(({ effect }) => effect === kind).length
  const [onlyFp32, onlyInt8] = [flips('broken'), flips('repaired')]
  const both = report.a.correct - onlyFp32
  const parts = [
    { kind: 'both', value: both, text: 'both right' },
    { kind: 'only-fp32', value: onlyFp32, text: 'only FP32 right' },
    { kind: 'only-int8', value: onlyInt8, text: 'only INT8 right' },
    { kind: 'neither', value: report.labelled - both - onlyFp32 - onlyInt8, text: 'both wrong' },
  ]
  return (
    <div class="agreement">
      <p>
        Both predict the same class on <b>{count(report.agreeing)}</b> of {count(report.samples)}{' '}
        images (<b>{percent(report.agreeing / report.samples)}</b>).
      </p>
      <div class="agreement-bar" aria-hidden="true">
        {parts.map(
          ({ kind, value }) =>
            value > 0 && <span key={kind} class={kind} style={{ flexGrow: value }} />,
        )}
      </div>
      <ul class="legend">
        {parts.map(({ kind, value, text }) => (
          <li key={kind}>
            <i class={`swatch ${kind}`} aria-hidden="true" />
            <b>{count(value)}</b> {text}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Download({ result }: { result: Result }) {
  const download = () => {
    const url = URL.createObjectURL(
      new Blob([result.int8Bytes], { type: 'application/octet-stream' }),
    )
    const anchor = document.createElement('a')
    anchor.href = url
    anchor.download = `${result.name.replace(/\.onnx$/i, '')}-int8.onnx`
    anchor.click()
    URL.revokeObjectURL(url)
  }
  return (
    <div class="download">
      <button type="button" class="secondary" onClick={download}>
        Download the INT8 model
      </button>
      <span class="muted">
        ONNX, {bytes(result.int8Bytes.length)}. It runs in ONNX Runtime as it is.
      </span>
    </div>
  )
}

function description({ experiment: { granularity, calibration }, name }: Result): string {
  return `${name}, weights per ${granularity}, ${plural(calibration, 'calibration image')}`
}

function isOutdated(result: Result): boolean {
  const own = ownFile.value
  if (own || result.isOwn) return own?.name !== result.name
  const now = experiment.value
  const then = result.experiment
  return (
    now.model !== then.model ||
    now.granularity !== then.granularity ||
    now.calibration !== then.calibration
  )
}

export function Verdict({ result }: { result: Result }) {
  const { report } = result
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    title.current?.scrollIntoView()
    title.current?.focus({ preventScroll: true })
  }, [])
  return (
    <section class="panel verdict" aria-labelledby="verdict-title">
      <p class="eyebrow">
        {description(result)}
        {isOutdated(result) && (
          <span class="outdated">Press the button again for your new choice</span>
        )}
      </p>
      <h2 id="verdict-title" ref={title} tabIndex={-1}>
        {headline(result)}
      </h2>
      <p class="section-lede">
        INT8 stores each weight as a whole number from −127 to 127, a quarter of the bytes, and
        computes with whole numbers, of which a processor multiplies more at once.
      </p>
      <p class="interval">{intervalSentence(result)}</p>
      <div class="cards">
        <Card kind="fp32" model={report.a} other={report.b} labelled={report.labelled} />
        <Card kind="int8" model={report.b} other={report.a} labelled={report.labelled} />
      </div>
      <Agreement result={result} />
      <Download result={result} />
    </section>
  )
}
