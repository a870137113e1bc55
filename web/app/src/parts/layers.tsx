// The signal-to-quantization-noise ratio of every layer: 10 log10(sum x^2 / sum (x - x')^2) in dB, as a chart and as a
// table.

import * as Plot from '@observablehq/plot'
import type { LayerReport } from 'lowbit'
import { useEffect, useRef } from 'preact/hooks'
import type { Result } from '../job'
import { decibelDigits, decibels, isExact, signed } from '../numbers'

const bitDb = 6
const rowHeight = 34

const isolatedDb = ({ isolated }: LayerReport) => isolated.sqnrDb
const accumulatedDb = ({ accumulated }: LayerReport) => accumulated.sqnrDb

const isDrawn = (db: number) => Number.isFinite(db) && !isExact(db)

function drawChart(layers: readonly LayerReport[], worst: LayerReport | undefined, width: number) {
  const isolated = layers.filter((layer) => isDrawn(isolatedDb(layer)))
  const accumulated = layers.filter((layer) => isDrawn(accumulatedDb(layer)))
  const values = [...isolated.map(isolatedDb), ...accumulated.map(accumulatedDb)]
  const low = Math.floor(Math.min(...values) / bitDb) * bitDb
  const high = Math.ceil(Math.max(...values) / bitDb) * bitDb
  const names = layers.map(({ name }) => name)
  const longest = Math.max(...names.map((name) => name.length))
  const ticks = []
  const tickStep = (high - low) / bitDb > (width < 500 ? 5 : 10) ? 2 * bitDb : bitDb
  for (let tick = low; tick <= high; tick += tickStep) ticks.push(tick)
  return Plot.plot({
    className: 'sqnr-plot',
    width,
    height: layers.length * rowHeight + 42,
    marginLeft: Math.min(width * 0.36, 18 + longest * 7.6),
    marginRight: 26,
    marginTop: 26,
    marginBottom: 16,
    x: {
      domain: [low, high],
      ticks,
      label: null,
      axis: 'top',
      tickFormat: (db: number) => `${db} dB`,
      grid: true,
    },
    y: { domain: names, label: null, tickSize: 0 },
    style: { background: 'transparent', fontSize: '13px' },
    marks: [
      worst ? Plot.cell([worst], { y: 'name', fill: 'var(--accent-wash)', inset: -2 }) : null,
      Plot.link(
        isolated.filter((l) => accumulated.includes(l)),
        {
          x1: isolatedDb,
          x2: accumulatedDb,
          y: 'name',
          stroke: 'var(--line-strong)',
          strokeWidth: 2,
        },
      ),
      Plot.line(accumulated, {
        x: accumulatedDb,
        y: 'name',
        stroke: 'var(--accent)',
        strokeWidth: 1.5,
        strokeOpacity: 0.5,
      }),
      Plot.dot(isolated, {
        x: isolatedDb,
        y: 'name',
        r: 5,
        fill: 'var(--surface)',
        stroke: 'var(--fp32)',
        strokeWidth: 2,
      }),
      Plot.dot(accumulated, { x: accumulatedDb, y: 'name', r: 5, fill: 'var(--accent)' }),
      Plot.text(
        layers.filter((layer) => isExact(accumulatedDb(layer))),
        { y: 'name', text: () => 'exact', frameAnchor: 'right', dx: -6, fill: 'var(--muted)' },
      ),
    ],
  })
}

function Chart({
  layers,
  worst,
}: {
  layers: readonly LayerReport[]
  worst?: LayerReport | undefined
}) {
  const frame = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = frame.current
    if (!element) return
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0)
      if (width === 0) return
      const chart = drawChart(layers, worst, width)
      // Plot labels its groups with words such as "dot", which mean nothing; the frame has the name.
      for (const group of chart.querySelectorAll('[aria-label]'))
        group.removeAttribute('aria-label')
      element.replaceChildren(chart)
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [layers, worst])
  const label = `Chart of the signal-to-quantization-noise ratio of ${layers.length} layers; the table below holds its numbers.`
  return <div ref={frame} class="chart" role="img" aria-label={label} />
}

function worstOf(layers: readonly LayerReport[]): LayerReport | undefined {
  return layers
    .filter((layer) => isDrawn(isolatedDb(layer)))
    .reduce<LayerReport | undefined>(
      (worst, layer) => (worst && isolatedDb(worst) <= isolatedDb(layer) ? worst : layer),
      undefined,
    )
}

export function Layers({ result }: { result: Result }) {
  const { layers } = result.report
  const worst = worstOf(layers)
  const last = layers.at(-1)
  return (
    <section class="panel" aria-labelledby="layers-title">
      <h2 id="layers-title">Where the error comes in</h2>
      <p class="section-lede">
        SQNR compares a layer’s signal with the noise that rounding adds; each 6 dB is one bit of
        precision.
        {worst && (
          <>
            {' '}
            On its own, <b>{worst.name}</b> suffers most: {decibels(isolatedDb(worst))}, about{' '}
            {(isolatedDb(worst) / bitDb).toFixed(1)} bits.
          </>
        )}
        {last && <> At the output, {decibels(accumulatedDb(last))} are left.</>}
      </p>
      <ul class="legend">
        <li>
          <i class="swatch ring" aria-hidden="true" /> this layer alone quantized
        </li>
        <li>
          <i class="swatch dot" aria-hidden="true" /> every layer up to here quantized
        </li>
        <li>further right is better</li>
      </ul>
      <Chart layers={layers} worst={worst} />
      <details class="table-details">
        <summary>The same as a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable with the keyboard */}
        <section class="table-scroll" aria-label="SQNR of each layer" tabIndex={0}>
          <table>
            <caption>
              SQNR of each layer in dB, and the cosine between its output and FP32’s
            </caption>
            <thead>
              <tr>
                <th scope="col">Layer</th>
                <th scope="col">Operator</th>
                <th scope="col">Alone</th>
                <th scope="col">Up to here</th>
                <th scope="col">Cosine alone</th>
                <th scope="col">Cosine up to here</th>
              </tr>
            </thead>
            <tbody>
              {layers.map((layer) => (
                <tr key={layer.name}>
                  <th scope="row">{layer.name}</th>
                  <td>{layer.op}</td>
                  <td>{decibelDigits(isolatedDb(layer))}</td>
                  <td>{decibelDigits(accumulatedDb(layer))}</td>
                  <td>{signed(layer.isolated.cosine, 5)}</td>
                  <td>{signed(layer.accumulated.cosine, 5)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </section>
  )
}
