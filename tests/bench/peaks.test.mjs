import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble, measurePeaks, streams, UNROLL } from './peaks.mjs'

const float = (bits) => new Float32Array(Int32Array.of(bits).buffer)[0]
const bitsOf = (value) => new Int32Array(Float32Array.of(value).buffer)[0]
const [a, b] = [0x3f3f3f3f, 0x3e3e3e3e]
const halves = (word) => [(word << 16) >> 16, word >> 16]
const dot = (x, y, split) => split(x).reduce((sum, part, i) => sum + part * split(y)[i], 0)
const quarters = (word) => [24, 16, 8, 0].map((shift) => (word << shift) >> 24)

/** One lane of each stream's multiply-add, in every way that the instruction may round. */
const models = {
  mul_add: [(acc) => bitsOf(Math.fround(float(acc) * float(a)) + float(b))],
  relaxed_madd: [
    (acc) => bitsOf(float(acc) + float(a) * float(b)),
    (acc) => bitsOf(float(acc) + Math.fround(float(a) * float(b))),
  ],
  dot_i16x8: [(acc) => (dot(acc, a, halves) + b) | 0],
  relaxed_dot: [(acc) => (dot(a, b, quarters) + acc) | 0],
}

/** The exclusive or of nine accumulators after `steps` multiply-adds each. */
function outcome(model, steps) {
  let all = 0
  for (let acc = 3; acc < 12; acc += 1) {
    let lane = (0x20 + acc) * 0x01010101
    for (let i = 0; i < steps; i += 1) lane = model(lane)
    all ^= lane
  }
  return all
}

for (const [name, stream] of Object.entries(streams)) {
  test(`the ${name} loop computes what it counts`, async (t) => {
    const bytes = assemble(stream, 9)
    if (!WebAssembly.validate(bytes)) return t.skip('this engine lacks the instruction')
    const { instance } = await WebAssembly.instantiate(bytes)
    for (const count of [1, 3]) {
      const possible = models[name].map((model) => outcome(model, UNROLL * count))
      assert.ok(possible.includes(instance.exports.run(count)))
    }
  })
}

test('a peak is a number of operations per second, or null', async () => {
  const peaks = await measurePeaks({ warmup_ms: 1, repeats: 1 })
  assert.deepEqual(
    Object.keys(peaks),
    Object.keys(streams).map((name) => `${name}_gops`),
  )
  for (const [name, stream] of Object.entries(streams)) {
    const gops = peaks[`${name}_gops`]
    if (WebAssembly.validate(assemble(stream, 8))) assert.ok(gops > 0 && Number.isFinite(gops))
    else assert.equal(gops, null)
  }
})
