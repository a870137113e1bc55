// Makes tests/fuzz/corpus, from which the fuzzers start: small files of every kind that they read.
//
//   npm run build && node tests/fuzz/make_corpus.mjs

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLowbit } from 'lowbit'
import { projectRoot } from '../../tools/lib/run.mjs'
import { operatorModels } from '../oracle/operator_models.mjs'

/** Fuzzers are quick on small inputs only. */
const MAX_MODEL_BYTES = 6000

const recipes = [
  {},
  { weights: { bits: 4, granularity: 'group:32' }, activations: { bits: 6 } },
  { weights: { granularity: 'tensor', clipping: 'mse' }, activations: { symmetric: true } },
  {
    weights: { bits: 3, granularity: 'channel', rounding: 'adaround' },
    activations: { observer: 'percentile', percentile: 99.5 },
    equalize: true,
    correctBias: true,
    seed: 7,
    layers: { make_c: { weights: { bits: 2 }, precision: 'float' } },
  },
  { activations: { bits: 'float', observer: 'moving-average' } },
]

const corpus = join(projectRoot, 'tests/fuzz/corpus')
rmSync(corpus, { recursive: true, force: true })

function write(target, name, bytes) {
  mkdirSync(join(corpus, target), { recursive: true })
  writeFileSync(join(corpus, target, name), bytes)
}

const fileName = (name) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

const lowbit = await createLowbit()
for (const [index, { name, bytes, samples }] of operatorModels.entries()) {
  if (bytes.length > MAX_MODEL_BYTES) continue
  write('import', `${fileName(name)}.onnx`, bytes)
  const fp32 = await lowbit.load(bytes)
  const calibration = samples(4, 1)
  const { layers, ...recipe } = recipes[index % recipes.length]
  const quantized = await lowbit.quantize(fp32, recipe, { calibration })
  write('import', `${fileName(name)}-quantized.onnx`, await quantized.save('onnx'))
  if (index % 8 === 0) {
    const { bytes } = await lowbit.calibrate(fp32, { samples: calibration })
    write('calibration_file', `${fileName(name)}.calibration`, bytes)
  }
}
await lowbit.dispose()

for (const [index, recipe] of recipes.entries()) {
  write('recipe', `recipe-${index}`, JSON.stringify(recipe, null, index % 2 ? 2 : 0))
}

function npy(descr, shape, data) {
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }\n`
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, dict.length, 0])
  return Buffer.concat([head, Buffer.from(dict), Buffer.from(data.buffer)])
}
write('npy', 'float32.npy', npy('<f4', [2, 3], new Float32Array(6)))
write('npy', 'float64.npy', npy('<f8', [2], new Float64Array(2)))
write('npy', 'uint8.npy', npy('|u1', [5], new Uint8Array(5)))
write('npy', 'int64.npy', npy('<i8', [1, 2], new BigInt64Array(2)))

write('idx', 'labels.idx', Buffer.from([0, 0, 8, 1, 0, 0, 0, 3, 7, 1, 9]))
write(
  'idx',
  'images.idx',
  Buffer.from([0, 0, 8, 3, ...[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2], 1, 2, 3, 4]),
)

// Choices of forms and sizes, then data: each operator of each kind of input, once.
for (const isImage of [0, 1]) {
  for (let op = 0; op < 9; op++) {
    const bytes = Uint8Array.from({ length: 96 }, (_, i) => (i * 37 + op * 101) % 256)
    bytes[1] = isImage
    write('kernels', `${isImage ? 'image' : 'matrix'}-${op}`, bytes)
  }
}
