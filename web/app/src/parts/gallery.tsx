// The test images with both predictions: those that flipped first, then those that came closest to it.

import { type Signal, useComputed, useSignal } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import { imageAt } from '../data'
import type { Result } from '../job'
import { count, plural } from '../numbers'
import { ClassBars } from './class_bars'
import { Failure } from './failure'
import { useOutputs } from './live_outputs'
import { Thumbnail } from './thumbnail'

const pageSize = 24

const hasFlipped = ({ report: { a, b } }: Result, index: number) =>
  a.predictions[index] !== b.predictions[index]

/** Flipped first, then by INT8's margin: how far its first choice is ahead of its second. */
function inOrder(result: Result): number[] {
  const { margins } = result.report.b
  return Array.from(margins.keys()).sort(
    (i, j) =>
      Number(hasFlipped(result, j)) - Number(hasFlipped(result, i)) ||
      (margins[i] ?? 0) - (margins[j] ?? 0),
  )
}

function Prediction({ kind, text, isRight }: { kind: string; text: string; isRight: boolean }) {
  return (
    <span class={`prediction ${kind} ${isRight ? 'right' : 'wrong'}`}>
      <span>{kind.toUpperCase()}</span> {text}
      <span aria-hidden="true">{isRight ? '\u00a0✓' : '\u00a0✗'}</span>
      <span class="hidden">{isRight ? ', right' : ', wrong'}</span>
    </span>
  )
}

interface TileProps {
  readonly result: Result
  readonly index: number
  readonly isPicked: boolean
  readonly onPick: () => void
}

function Tile({ result, index, isPicked, onPick }: TileProps) {
  const { dataset, report } = result
  const pixels = useMemo(() => imageAt(dataset, index), [dataset, index])
  const label = dataset.labels[index] ?? 0
  const name = (prediction = -1) => dataset.classNames[prediction] ?? String(prediction)
  const [a, b] = [report.a.predictions[index], report.b.predictions[index]]
  return (
    <li>
      <button
        type="button"
        class={hasFlipped(result, index) ? 'tile flipped' : 'tile'}
        aria-pressed={isPicked}
        onClick={onPick}
      >
        <Thumbnail pixels={pixels} />
        <span class="tile-label">
          <span class="hidden">Image of: </span>
          {name(label)}
        </span>
        <Prediction kind="fp32" text={name(a)} isRight={a === label} />
        <Prediction kind="int8" text={name(b)} isRight={b === label} />
      </button>
    </li>
  )
}

function Inspector({ result, picked }: { result: Result; picked: Signal<number> }) {
  const { dataset } = result
  const pixels = useComputed<Float32Array | null>(() => imageAt(dataset, picked.value))
  const { outputs, error } = useOutputs(result, pixels)
  const name = dataset.classNames[dataset.labels[picked.value] ?? 0] ?? ''
  return (
    <div class="inspector">
      <div class="inspector-image">
        <Thumbnail pixels={pixels.value} label={`Test image ${picked.value}: ${name}`} />
        <p>
          Test image {count(picked.value)}
          <br />
          labelled <b>{name}</b>
        </p>
      </div>
      {error && <Failure error={error} />}
      <ClassBars
        outputs={outputs}
        classNames={dataset.classNames}
        unit="logit"
        caption="Logits: the last layer’s numbers. The largest wins."
      />
    </div>
  )
}

export function Gallery({ result }: { result: Result }) {
  const { dataset, report } = result
  const order = useMemo(() => inOrder(result), [result])
  const label = useSignal(-1)
  const shownCount = useSignal(pageSize)
  const picked = useSignal(order[0] ?? 0)
  const inspector = useRef<HTMLDivElement>(null)
  const matching = order.filter((i) => label.value < 0 || dataset.labels[i] === label.value)
  const flippedCount = report.samples - report.agreeing
  const pick = (index: number) => {
    picked.value = index
    // On a narrow screen the inspector is above the images.
    inspector.current?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <section class="panel" aria-labelledby="gallery-title">
      <h2 id="gallery-title">
        {flippedCount === 0
          ? 'No prediction flipped. These came closest'
          : `${plural(flippedCount, 'prediction')} flipped`}
      </h2>
      <p class="section-lede">
        Rounding moves every output a little, and only where two classes were nearly tied can it
        change the winner: first come the images on which the models disagree, then the closest
        calls of INT8. Pick one to see both models’ numbers.
      </p>
      <label class="filter">
        Show{' '}
        <select
          value={label}
          onChange={({ currentTarget }) => {
            label.value = Number(currentTarget.value)
            shownCount.value = pageSize
          }}
        >
          <option value={-1}>all classes</option>
          {dataset.classNames.map((name, index) => (
            <option key={name} value={index}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="gallery">
        <div class="gallery-side" ref={inspector}>
          <Inspector result={result} picked={picked} />
        </div>
        <div>
          <ul class={dataset.name === 'mnist' ? 'tiles' : 'tiles long-names'}>
            {matching.slice(0, shownCount.value).map((index) => (
              <Tile
                key={index}
                result={result}
                index={index}
                isPicked={picked.value === index}
                onPick={() => pick(index)}
              />
            ))}
          </ul>
          <p class="gallery-more">
            {count(Math.min(shownCount.value, matching.length))} of{' '}
            {plural(matching.length, 'image')}
            {shownCount.value < matching.length && (
              <button
                type="button"
                class="secondary"
                onClick={() => {
                  shownCount.value += pageSize
                }}
              >
                Show more
              </button>
            )}
          </p>
        </div>
      </div>
    </section>
  )
}
