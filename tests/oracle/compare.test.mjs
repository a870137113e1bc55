import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accuracy,
  assertIntegersAgree,
  assertLogitsAgree,
  compareIntegers,
  compareLogits,
  predictions,
  toIntegers,
} from './compare.mjs'

const f32 = (...values) => Float32Array.from(values)

test('a prediction is the first largest logit of its row', () => {
  assert.deepEqual(predictions(f32(1, 3, 2, /**/ -5, -7, -5), 3), [1, 0])
  assert.throws(() => predictions(f32(1, 2, 3), 2), /not rows of 2/)
})

test('accuracy counts right rows', () => {
  assert.equal(
    accuracy(f32(1, 0, /**/ 0, 1, /**/ 0, 1, /**/ 1, 0), Uint8Array.of(0, 1, 0, 0), 2),
    0.75,
  )
  assert.throws(() => accuracy(f32(1, 0), Uint8Array.of(0, 1), 2), /one label per row/)
})

test('logit differences are relative to the largest logit of the row', () => {
  // 0.01 apart in a row of 100 is 1e-4, whichever logit it is in; so is 0.001 in a row of 10.
  const { worst, rows } = compareLogits(f32(100, 0.01, /**/ 10, 5), f32(100, 0, /**/ 10.0001, 5), 2)
  assert.equal(rows, 2)
  assert.ok(Math.abs(worst - 1e-4) < 1e-9)
  assert.equal(compareLogits(f32(0, 0), f32(0, 0), 2).worst, 0)
})

test('logits further apart than the tolerance fail, nearer ones pass', () => {
  assert.throws(() => assertLogitsAgree(f32(10, 1), f32(10, 1.02), 2), /differ by 0.00/)
  assert.match(
    assertLogitsAgree(f32(10, 1), f32(10, 1.009), 2),
    /1 rows, largest relative difference 9\.0e-4/,
  )
})

test('different predictions pass only where both engines see a tie', () => {
  assert.deepEqual(compareLogits(f32(10, 9.995), f32(9.996, 10), 2).differentPredictions, [])
  assert.deepEqual(compareLogits(f32(10, 9.995), f32(9.98, 10), 2).differentPredictions, [0])
  assert.throws(
    () => assertLogitsAgree(f32(1, 2, /**/ 10, 9), f32(1, 2, /**/ 9, 10), 2),
    /differ|different predictions/,
  )
})

test('a logit that is no number fails', () => {
  assert.throws(() => compareLogits(f32(Number.NaN, 1), f32(1, 1), 2), /row 0: logits NaN and 1/)
  assert.throws(() => compareLogits(f32(1, 1), f32(1, Number.POSITIVE_INFINITY), 2), /Infinity/)
})

test('results of different length fail', () => {
  assert.throws(() => compareLogits(f32(1, 2), f32(1, 2, 3, 4), 2), /equally many/)
  assert.throws(() => compareIntegers([1], [1, 2]), /equally many/)
})

test('every integer of every scale is found again behind its logit', () => {
  for (const scale of [1 / 256, 0.1, 0.0123, 7].map(Math.fround)) {
    const q = Array.from({ length: 256 }, (_, i) => i)
    const logits = Float32Array.from(q, (value) => scale * (value - 77))
    assert.deepEqual([...toIntegers(logits, { scale, zeroPoint: 77, min: 0, max: 255 })], q)
  }
})

test('a logit that no integer of the range gives fails', () => {
  const quantization = { scale: 0.5, zeroPoint: 128, min: 0, max: 255 }
  assert.throws(() => toIntegers(f32(0.26), quantization), /no multiple of the scale/)
  assert.throws(() => toIntegers(f32(64), quantization), /is 256, outside 0..255/)
  assert.throws(() => toIntegers(f32(Number.NaN), quantization), /no multiple/)
})

test('integers agree where 99.9 % are equal and none is further than 1 apart', () => {
  const ours = new Int32Array(2000)
  const changed = (...distances) => Int32Array.from(ours, (_, i) => distances[i] ?? 0)
  assert.deepEqual(compareIntegers(ours, changed(1, -3)), { count: 2000, equal: 1998, worst: 3 })
  assert.match(
    assertIntegersAgree(ours, changed(1, -1)),
    /^1998 of 2000 integers equal \(99\.9000 %\), largest distance 1$/,
  )
  assert.throws(() => assertIntegersAgree(ours, changed(1, -1, 1)), /1997 of 2000/)
  assert.throws(() => assertIntegersAgree(ours, changed(2)), /largest distance 2/)
  assertIntegersAgree(ours, changed(2, 1, 1), { agreement: 0.99, distance: 2 })
  assert.throws(() => assertIntegersAgree([], []))
})
