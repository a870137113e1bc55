import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedDistance, assertAgreement } from './agreement.mjs'

test('integers of another runtime may be a step apart, those of our own tiers not at all', () => {
  const expected = [0.5, 1, 0]
  assert.equal(allowedDistance('lowbit', expected, 0.5), 0)
  const allowed = allowedDistance('onnxruntime-web', expected, 0.5)
  assertAgreement('they', [0.5, 1.5, 0], expected, allowed)
  assert.throws(
    () => assertAgreement('they', [0.5, 2, 0], expected, allowed),
    /they: output 1 is 2/,
  )
  assert.throws(() => assertAgreement('we', [0.5, 1.5, 0], expected, 0), /expected 1 within 0/)
})

test('FP32 outputs may differ by a thousandth of the largest', () => {
  const expected = [-100, 1]
  const allowed = allowedDistance('lowbit', expected)
  assertAgreement('they', [-100, 1.09], expected, allowed)
  assert.throws(() => assertAgreement('they', [-100, 1.11], expected, allowed), /output 1 is 1.11/)
})

test('what cannot be compared does not agree', () => {
  assert.throws(() => assertAgreement('they', [Number.NaN, 1], [0, 1], 1), /output 0 is NaN/)
  assert.throws(() => assertAgreement('they', [0], [0, 1], 1), /1 numbers, expected are 2/)
  assert.throws(() => assertAgreement('they', [0, 0], [0, 0], 1), /all expected outputs are equal/)
})
