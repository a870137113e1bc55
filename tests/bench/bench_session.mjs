// The benchmark itself, in a page or in Node: starts every runtime there is, and measures one case after another with all of
// them in turn. Knows neither the DOM nor Node.

import { readModel } from '../oracle/onnx.mjs'
import { randomFrom, randomTensor } from '../support/random.mjs'
import { allowedDistance, assertAgreement } from './agreement.mjs'
import { cases } from './cases.mjs'
import { concrete, countMacs } from './macs.mjs'
import { measurePeaks } from './peaks.mjs'
import { quantizeModel, startLowbit, tiers } from './runtimes/lowbit.mjs'
import { startOnnxRuntime } from './runtimes/onnxruntime.mjs'
import { startTfjs } from './runtimes/tfjs.mjs'
import { quantiles, timeInterleaved } from './timing.mjs'

/** How long everything is measured: 'quick' shows that it works, 'full' is for figures. */
const efforts = {
  quick: { rounds: 5, warmup_ms: 10, budget_ms: 50, repeats: 3 },
  full: { rounds: 40, warmup_ms: 400, budget_ms: 2000, repeats: 30 },
}

const CALIBRATION_SAMPLES = 4

/** The instruction stream that bounds a tier. Another runtime is held against the best of ours, see `boundOf`. */
const integerBounds = { reference: 'dot_i16x8', simd128: 'dot_i16x8', relaxed: 'relaxed_dot' }
const bounds = {
  float32: { reference: 'mul_add', simd128: 'mul_add', relaxed: 'relaxed_madd' },
  int8: integerBounds,
  bytes: integerBounds,
}

async function startRuntimes() {
  const starts = [...tiers.map((tier) => () => startLowbit(tier)), startOnnxRuntime, startTfjs]
  const runtimes = []
  const skipped = []
  for (const [index, start] of starts.entries()) {
    try {
      runtimes.push(await start())
    } catch (error) {
      // A tier that is not there is no failure; a peer that does not start is.
      if (index >= tiers.length) throw error
      skipped.push(`lowbit ${tiers[index]} is left out: ${error.message}`)
    }
  }
  return { runtimes, skipped }
}

/** The file of each precision, with the input to run it on. */
async function prepare({ load }, readFile) {
  const bytes = await load(readFile)
  const network = readModel(bytes)
  const [batch, ...rest] = concrete(Object.values(network.inputs)[0])
  const random = randomFrom(1)
  const calibration = randomTensor(random, [batch * CALIBRATION_SAMPLES, ...rest])
  const input = randomTensor(random, [batch, ...rest])
  return {
    macs: countMacs(network),
    files: { float32: { bytes, input }, ...(await quantizeModel(bytes, calibration, input)) },
  }
}

/** Every runtime with the model open, in the precisions that it has. */
async function openAll(runtimes, { files }) {
  const opened = []
  for (const [precision, { bytes, input, step }] of Object.entries(files)) {
    let expected
    for (const { name, tier, precisions, open } of runtimes) {
      if (!precisions.includes(precision)) continue
      const model = await open(bytes, input)
      const outputs = await model.read(await model.run())
      expected ??= outputs
      const allowed = allowedDistance(name, expected, step)
      assertAgreement(`${name} ${tier} ${precision}`, outputs, expected, allowed)
      if (model.runInPlace) {
        model.runInPlace()
        const inPlace = model.readInPlace()
        assertAgreement(`${name} ${tier} ${precision} in place`, inPlace, expected, allowed)
      }
      opened.push({ runtime: name, tier, precision, ...model })
    }
  }
  return opened
}

/**
 * Starts the runtimes. `readFile(path)` gives the bytes of a file of the project. Returns { skipped, tiles, peaks(effort),
 * measure(case's name, effort) }: lines on what is not there, Lowbit's tiles in its best tier, { mul_add_gops, ... }, and the
 * results of one case.
 */
export async function startSession(readFile) {
  const { runtimes, skipped } = await startRuntimes()
  const { tier: bestTier, tiles } = runtimes.findLast(({ name }) => name === 'lowbit')
  const boundOf = ({ runtime, tier, precision }) =>
    bounds[precision][runtime === 'lowbit' ? tier : bestTier]
  let peaks

  return {
    skipped,
    tiles,
    async peaks(effort) {
      peaks = await measurePeaks(efforts[effort])
      return peaks
    },
    async measure(name, effort) {
      const { macs, ...prepared } = await prepare(
        cases.find((candidate) => candidate.name === name),
        readFile,
      )
      const opened = await openAll(runtimes, prepared)
      const inPlace = opened.filter(({ tier, runInPlace }) => runInPlace && tier !== 'reference')
      const runs = [...opened.map(({ run }) => run), ...inPlace.map((each) => each.runInPlace)]
      const times = await timeInterleaved(runs, efforts[effort])
      for (const { close } of opened) await close()
      return opened.map((model, i) => {
        const { runtime, tier, precision } = model
        const { median_ms, p10_ms, p90_ms } = quantiles(times[i])
        const peak = peaks[`${boundOf({ runtime, tier, precision })}_gops`]
        const rate = (ms) => {
          const gops = (2 * macs) / ms / 1e6
          return { gops, peak_fraction: peak === null ? null : gops / peak }
        }
        const who = { case: name, runtime, tier, precision }
        const whole = { ...who, median_ms, p10_ms, p90_ms, ...rate(median_ms) }
        const at = inPlace.indexOf(model)
        if (at < 0) return whole
        const in_place_ms = quantiles(times[opened.length + at]).median_ms
        return { ...whole, in_place_ms, in_place_peak_fraction: rate(in_place_ms).peak_fraction }
      })
    },
  }
}
