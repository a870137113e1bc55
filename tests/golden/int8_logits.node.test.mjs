// Every backend gives the same bits: WebAssembly in Node, in each tier that this Node gets. The golden suite runs this file
// in Node 20 and, for relaxed SIMD, in Node 24.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createLowbit } from 'lowbit'
import { readSlice, toInput } from '../../tools/data/datasets.mjs'
import { goldenPath, hashOf, keyOf, modelPath, models } from './int8_logits.mjs'

const golden = JSON.parse(readFileSync(goldenPath, 'utf8'))

const older = [{ tier: 'reference' }, { tier: 'simd128' }, { tier: 'simd128', worker: true }]
const newer = [
  { tier: 'relaxed' },
  { tier: 'relaxed', worker: true },
  { tier: 'relaxed', dot: 'none' },
]

for (const options of Number.parseInt(process.versions.node, 10) < 22 ? older : newer) {
  for (const model of models) {
    const { name, slices, bits } = model
    test(`${JSON.stringify(options)}: ${keyOf(model)}`, async (t) => {
      const lowbit = await createLowbit(options)
      t.after(() => lowbit.dispose())
      const fp32 = await lowbit.load(readFileSync(modelPath(name)))
      const calibration = toInput(readSlice(`${slices}-calibration`).images)
      const int8 = await lowbit.quantize(fp32, { weights: { bits } }, { calibration })
      const [logits] = await int8.run([toInput(readSlice(`${slices}-test`).images)])
      assert.equal(hashOf(new Uint8Array(logits.data.buffer)), golden[keyOf(model)])
    })
  }
}
