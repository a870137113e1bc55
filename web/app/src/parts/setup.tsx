import type { Stage } from '../job'
import { failure, runExperiment, running, wasCancelled } from '../job'
import { calibrationCounts, change, experiment } from '../state'
import { Choices } from './choices'
import { Failure } from './failure'
import { ModelChoice, openFile } from './model_choice'

const granularities = [
  { value: 'channel', label: 'Per channel' },
  { value: 'tensor', label: 'Per tensor' },
] as const

const granularityMeaning = {
  channel:
    'Each output channel of a layer gets its own scale, so a channel of small weights is not drowned by a loud neighbour.',
  tensor:
    'All weights of a layer share one scale: simpler, but its largest weight decides how coarsely all others are rounded.',
}

const stageNames: Readonly<Record<Stage, string>> = {
  fetch: 'Fetching model and images',
  load: 'Reading the model',
  equalize: 'Equalizing channels',
  calibrate: 'Calibrating',
  quantize: 'Quantizing',
  improve: 'Rounding weights and correcting biases',
  run: 'Running',
  compare: 'Comparing on 2,000 test images',
  latency: 'Timing single images',
  evaluate: 'Scoring',
  sensitivity: 'Finding fragile layers',
  'mixed-precision': 'Choosing widths',
  doctor: 'Trying repairs',
}

const steps: readonly { stages: readonly Stage[]; title: string; text: string }[] = [
  {
    stages: ['fetch', 'load', 'equalize', 'calibrate'],
    title: 'Calibrate',
    text: 'Run a few training images and note the range of values at every layer.',
  },
  {
    stages: ['quantize', 'improve'],
    title: 'Quantize',
    text: 'Give every range a scale and round each weight to a whole number.',
  },
  {
    stages: ['run', 'compare', 'latency'],
    title: 'Compare',
    text: 'Run both models on the same 2,000 test images, layer by layer.',
  },
]

function dropFile(event: DragEvent): void {
  const file = event.dataTransfer?.files[0]
  if (!file) return
  event.preventDefault()
  void openFile(file)
}

function Action() {
  const job = running.value
  const percent = Math.round((job?.fraction ?? 0) * 100)
  return (
    <div class="action">
      {/* One button for both, so that the keyboard's focus stays where it is. */}
      <button
        type="button"
        class={job ? 'primary cancel' : 'primary'}
        onClick={() => (job ? job.cancel() : void runExperiment())}
      >
        {job ? 'Cancel' : 'Quantize to INT8'}
      </button>
      <div class="action-state">
        {job && (
          <>
            <progress max="100" value={percent} aria-label="Progress of the experiment" />
            <span class="action-percent">{percent} %</span>
          </>
        )}
        <p role="status">
          {job ? `${stageNames[job.stage]}…` : wasCancelled.value ? 'Cancelled.' : ''}
        </p>
      </div>
    </div>
  )
}

export function Setup() {
  const { granularity, calibration } = experiment.value
  const stage = running.value?.stage
  return (
    <section
      class="panel setup"
      aria-labelledby="setup-title"
      onDragOver={(event) => event.preventDefault()}
      onDrop={dropFile}
    >
      <h2 id="setup-title">Choose an experiment</h2>
      <ModelChoice />
      <div class="choice-row">
        <Choices
          name="granularity"
          legend="Scales of the weights"
          options={granularities}
          value={granularity}
          onChange={(value) => change({ granularity: value })}
        >
          {granularityMeaning[granularity]}
        </Choices>
        <Choices
          name="calibration"
          legend="Calibration images"
          options={calibrationCounts.map((value) => ({ value, label: String(value) }))}
          value={calibration}
          onChange={(value) => change({ calibration: value })}
        >
          Calibration learns which values flow between the layers: with too few images the ranges
          come out too narrow, and what lies outside is cut off.
        </Choices>
      </div>
      <Action />
      {failure.value && <Failure error={failure.value} />}
      <ol class="steps">
        {steps.map(({ stages, title, text }) => (
          <li key={title} class={stage && stages.includes(stage) ? 'current' : ''}>
            <b>{title}</b>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
