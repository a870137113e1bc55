// Every backend gives the same bits: WebAssembly in Node, in each tier that this Node gets. The golden suite runs this file
// in Node 20 and, for relaxed SIMD, in Node 24.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createLowbit } from 'lowbit'
import { readSlice, toInput } from '../../tools/data/datasets.mjs'
import { goldenPath, hashOf, modelPath, models } from './int8_logits.mjs'

const golden = JSON.parse(readFileSync(goldenPath, 'utf8'))

const older = [{ tier: 'reference' }, { tier: 'simd128' }, { tier: 'simd128', worker: true }]
const newer = [
  { tier: 'relaxed' },
  { tier: 'relaxed', worker: true },
  { tier: 'relaxed', dot: 'none' },
]

for (const options of Number.parseInt(process.versions.node, 10) < 22 ? older : newer) {
  for (const { name, slices } of models) {
    test(`${JSON.stringify(options)}: ${name}`, async (t) => {
      const lowbit = await createLowbit(options)
      t.after(() => lowbit.dispose())
      const fp32 = await lowbit.load(readFileSync(modelPath(name)))
      const calibration = toInput(readSlice(`${slices}-calibration`).images)
      const int8 = await lowbit.quantize(fp32, {}, { calibration })
      const [logits] = await int8.run([toInput(readSlice(`${slices}-test`).images)])
      assert.equal(hashOf(new Uint8Array(logits.data.buffer)), golden[name])
    })
  }
}
