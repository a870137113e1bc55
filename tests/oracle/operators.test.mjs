// Every operator: what this project's integer kernels compute against ONNX Runtime running the exported QDQ model.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { projectRoot } from '../../tools/lib/run.mjs'
import { assertIntegersAgree, assertLogitsAgree, toIntegers } from './compare.mjs'
import { outputQuantization } from './onnx.mjs'
import { operatorModels } from './operator_models.mjs'
import { openModel, runtimes } from './ort.mjs'

const CALIBRATION_COUNT = 64
const SAMPLE_COUNT = 64

const lowbit = await createLowbit()
after(() => lowbit.dispose())

async function runInOrt(runtime, bytes, input) {
  const model = await openModel(runtime, bytes)
  try {
    return await model.run([input])
  } finally {
    await model.release()
  }
}

test('every operator with an integer form has a network here', () => {
  const read = (...path) => readFileSync(join(projectRoot, 'src', ...path), 'utf8')
  const integer = [
    ...read('graph', 'ops.inc').matchAll(/^LOWBIT_OP\((\w+),.*, true, \w+\)$/gm),
    ...read('qmath', 'unary.inc').matchAll(/^LOWBIT_UNARY\((\w+),.*\)$/gm),
    ...read('qmath', 'binary.inc').matchAll(/^LOWBIT_BINARY\((\w+),.*, true\)$/gm),
  ].map(([, name]) => name)
  assert.ok(integer.includes('Conv') && integer.includes('Tanh'), 'the lists were read')
  // These two are in every model that quantize() makes.
  const covered = new Set([
    'QuantizeLinear',
    'DequantizeLinear',
    ...operatorModels.flatMap(({ operators }) => operators),
  ])
  assert.deepEqual(
    integer.filter((name) => !covered.has(name)),
    [],
  )
})

for (const { name, bytes, samples } of operatorModels) {
  test(name, async (t) => {
    const input = samples(SAMPLE_COUNT, 2)
    const fp32 = await lowbit.load(bytes)
    const int8 = await lowbit.quantize(fp32, {}, { calibration: samples(CALIBRATION_COUNT, 1) })
    const saved = await int8.save('onnx')
    const quantization = outputQuantization(saved)
    const [ourFp32] = await fp32.run([input])
    const [ourInt8] = await int8.run([input])

    for (const runtime of runtimes) {
      await t.test(`FP32 agrees with ${runtime}`, async (t) => {
        const theirs = await runInOrt(runtime, bytes, input)
        t.diagnostic(assertLogitsAgree(ourFp32.data, theirs, theirs.length / SAMPLE_COUNT))
      })

      await t.test(`the saved integer model agrees with ${runtime}`, async (t) => {
        const theirs = await runInOrt(runtime, saved, input)
        const integers = [ourInt8.data, theirs].map((values) => toIntegers(values, quantization))
        t.diagnostic(assertIntegersAgree(...integers))
        assert.ok(new Set(integers[0]).size > 32, 'the outputs vary')
      })
    }

    await t.test('the saved model, loaded again, gives the same integers', async () => {
      const again = await lowbit.load(saved)
      const [result] = await again.run([input])
      assert.deepEqual(result.data, ourInt8.data)
    })
  })
}
