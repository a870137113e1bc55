// Quantizes a model, writes it, and says what became of its size and accuracy.

import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createLowbit } from 'lowbit'

const read = (path) => readFileSync(new URL(path, import.meta.url))

/** IDX: a header of 16 bytes, then a byte for each pixel, which the model wants from 0 to 1. */
function readImages(name) {
  const bytes = gunzipSync(read(`../data/${name}.images.idx3.gz`))
  const data = Float32Array.from(bytes.subarray(16), (pixel) => pixel / 255)
  return { data, shape: [data.length / 784, 1, 28, 28] }
}

/** A header of 8 bytes, then a byte for each label. */
const readLabels = (name) => [...gunzipSync(read(`../data/${name}.labels.idx1.gz`)).subarray(8)]

const lowbit = await createLowbit()
const fp32 = await lowbit.load(read('../models/digits-mlp.onnx'))
const calibration = readImages('mnist-calibration')
const int8 = await lowbit.quantize(fp32, {}, { calibration })

const report = await lowbit.compare(fp32, int8, {
  inputs: readImages('mnist-test'),
  labels: readLabels('mnist-test'),
})
for (const [name, { bytes, top1 }] of [
  ['FP32', report.a],
  ['INT8', report.b],
]) {
  console.log(`${name}: ${bytes} bytes, ${(100 * top1).toFixed(2)} % right`)
}
console.log(`The same class for ${report.agreeing} of ${report.samples} images.`)

writeFileSync('digits-int8.onnx', await int8.save('onnx'))
lowbit.dispose()
