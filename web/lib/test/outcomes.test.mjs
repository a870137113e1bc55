// Flipped samples and confusion matrices, against counting by hand and by brute force.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withOutcomes } from '../dist/outcomes.js'
import { open, perceptron, single, tensor } from './support.mjs'

const range = (count) => Array.from({ length: count }, (_, i) => i)

const model = (predictions, margins) => ({
  predictions: Int32Array.from(predictions),
  margins: Float32Array.from(margins),
})

const raw = {
  samples: 6,
  a: model([0, 1, 2, 0, 1, 0], [1, 0.5, 2, 1, 0.25, 3]),
  b: model([0, 2, 0, 1, 2, 0], [4, 0.5, 3, 1, 0.75, 3]),
}
const classes = (count) => ({ name: 'y', dtype: 'float32', shape: ['batch', count] })

test('flips are told with margins and effect, the worst first and equals in order', () => {
  const { flips } = withOutcomes(raw, Int32Array.of(0, 2, 2, 3, 0, 1), classes(4))
  assert.deepEqual(flips, [
    {
      sample: 2,
      label: 2,
      a: { prediction: 2, margin: 2 },
      b: { prediction: 0, margin: 3 },
      effect: 'broken',
    },
    {
      sample: 3,
      label: 3,
      a: { prediction: 0, margin: 1 },
      b: { prediction: 1, margin: 1 },
      effect: 'wrong',
    },
    {
      sample: 1,
      label: 2,
      a: { prediction: 1, margin: 0.5 },
      b: { prediction: 2, margin: 0.5 },
      effect: 'repaired',
    },
    {
      sample: 4,
      label: 0,
      a: { prediction: 1, margin: 0.25 },
      b: { prediction: 2, margin: 0.75 },
      effect: 'wrong',
    },
  ])
})

test('a confusion matrix has the right class in rows and the predicted one in columns', () => {
  const { a, b } = withOutcomes(raw, Int32Array.of(0, 2, 2, 3, 0, 1), classes(4))
  assert.deepEqual(a.confusion, [
    [1, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 1, 1, 0],
    [1, 0, 0, 0],
  ])
  assert.deepEqual(b.confusion, [
    [1, 0, 1, 0],
    [1, 0, 0, 0],
    [1, 0, 1, 0],
    [0, 1, 0, 0],
  ])
})

test('without labels there is no confusion, and a flip has no effect', () => {
  const { a, b, flips } = withOutcomes(raw, new Int32Array(), classes(4))
  assert.equal(a.confusion, null)
  assert.equal(b.confusion, null)
  assert.deepEqual(
    flips.map(({ sample, label, effect }) => [sample, label, effect]),
    [2, 3, 1, 4].map((sample) => [sample, null, null]),
  )
})

test('a number of classes that the model leaves open is that of those which occur', () => {
  const sizeFor = (...labels) => {
    const { a, b } = withOutcomes(raw, Int32Array.from(labels), classes('classes'))
    assert.ok([...a.confusion, ...b.confusion].every((row) => row.length === a.confusion.length))
    return [a.confusion.length, b.confusion.length]
  }
  assert.deepEqual(sizeFor(0, 0, 0, 0, 0, 0), [3, 3])
  assert.deepEqual(sizeFor(0, 0, 0, 5, 0, 0), [6, 6])
})

test('a report of real models tells what counting their predictions tells', async (t) => {
  const lowbit = await open(t)
  const fp32 = await lowbit.load(perceptron({ classes: 5 }))
  const samples = tensor([400, 8], 3)
  const recipe = { weights: { bits: 2 }, activations: { bits: 3 } }
  const few = await lowbit.quantize(fp32, recipe, { calibration: samples })
  // Of class 4 there is no sample.
  const labels = range(400).map((i) => i % 4)
  const report = await lowbit.compare(fp32, few, { inputs: samples, labels, latencyRuns: 0 })
  const { a, b, flips } = report

  const flipped = range(400).filter((i) => a.predictions[i] !== b.predictions[i])
  assert.ok(flipped.length > 20, `${flipped.length} flipped`)
  assert.deepEqual(
    flips.map(({ sample }) => sample).sort((i, j) => i - j),
    flipped,
  )
  const falls = flips.map(({ a, b }) => a.margin + b.margin)
  assert.deepEqual(
    falls,
    falls.toSorted((x, y) => y - x),
  )
  for (const { sample, label, effect, ...told } of flips) {
    assert.equal(label, labels[sample])
    for (const [said, { predictions, margins }] of [
      [told.a, a],
      [told.b, b],
    ]) {
      assert.deepEqual(said, { prediction: predictions[sample], margin: margins[sample] })
    }
  }
  const countOf = (wanted) => flips.filter(({ effect }) => effect === wanted).length
  assert.equal(countOf('repaired') - countOf('broken'), b.correct - a.correct)
  assert.equal(countOf('repaired') + countOf('broken') + countOf('wrong'), 400 - report.agreeing)

  for (const { predictions, confusion } of [a, b]) {
    const expected = range(5).map((label) =>
      range(5).map(
        (predicted) =>
          range(400).filter((i) => labels[i] === label && predictions[i] === predicted).length,
      ),
    )
    assert.deepEqual(confusion, expected)
  }
})

test('models whose file leaves the number of classes open are compared', async (t) => {
  const lowbit = await open(t)
  const shape = ['n', 'classes']
  const [a, b] = await Promise.all(
    ['Relu', 'Identity'].map((op) => lowbit.load(single(op, { x: shape }))),
  )
  const inputs = { data: Float32Array.of(1, 2, 0, -3, -2, -1), shape: [2, 3] }
  const report = await lowbit.compare(a, b, { inputs, labels: [1, 1], latencyRuns: 0 })
  assert.deepEqual(report.flips, [
    {
      sample: 1,
      label: 1,
      a: { prediction: 0, margin: 0 },
      b: { prediction: 2, margin: 1 },
      effect: 'wrong',
    },
  ])
  assert.deepEqual(report.a.confusion, [
    [0, 0, 0],
    [1, 1, 0],
    [0, 0, 0],
  ])
})
