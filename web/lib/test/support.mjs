// Small models and small checks that the library's tests share.

import assert from 'node:assert/strict'
import { createLowbit, LowbitError } from 'lowbit'
import { buildModel } from '../../../tests/oracle/onnx.mjs'
import { beside } from '../dist/beside.js'

export { buildModel }

/** Pseudo-random numbers in [-1, 1), the same every time. */
export function noise(count, seed = 1) {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 31
  })
}

export const tensor = (shape, seed) => ({
  data: noise(
    shape.reduce((product, size) => product * size, 1),
    seed,
  ),
  shape,
})

export const weights = (dims, data = noise(dims.reduce((product, size) => product * size, 1))) => ({
  type: 'float32',
  dims,
  data,
})

/** x [batch, inputs] -> Gemm -> Relu -> Gemm -> y [batch, classes]. */
export const perceptron = ({ inputs = 8, hidden = 16, classes = 3, batch = 'batch' } = {}) =>
  buildModel({
    inputs: { x: [batch, inputs] },
    outputs: { y: [batch, classes] },
    constants: {
      w1: weights([hidden, inputs]),
      b1: weights([hidden], noise(hidden, 7)),
      w2: weights([classes, hidden]),
      b2: weights([classes], noise(classes, 9)),
    },
    nodes: [
      ['Gemm', ['x', 'w1', 'b1'], 'h', { transB: 1 }],
      ['Relu', ['h'], 'r'],
      ['Gemm', ['r', 'w2', 'b2'], 'y', { transB: 1 }],
    ],
  })

/** One operator: x -> y. */
export const single = (op, { x = ['n'], y = x, attributes = {}, ...rest } = {}) =>
  buildModel({
    inputs: { x },
    outputs: { y },
    nodes: [[op, ['x', ...Object.keys(rest.constants ?? {})], 'y', attributes]],
    ...rest,
  })

/** The tests run in Node 20, which never gets relaxed SIMD, and in a newer one. */
export const hasRelaxed = Number.parseInt(process.versions.node, 10) >= 22

/** Asserts that `promise` rejects with a LowbitError of this code, whose `where` equals or matches. */
export async function rejects(promise, code, where = /^/) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof LowbitError, `${error}`)
    assert.equal(error.code, code, error.message)
    if (where instanceof RegExp) assert.match(error.where, where)
    else assert.equal(error.where, where)
    assert.ok(error.message.length > 5)
    return true
  })
}

/** A Lowbit that is disposed of when the test ends. */
export async function open(t, options) {
  const lowbit = await createLowbit(options)
  t.after(() => lowbit.dispose())
  return lowbit
}

/** The package's workers, which the test sees, with the messages that they are sent. */
export function spyOnWorkers() {
  const spy = { workers: [], sent: [] }
  spy.start = () => {
    const worker = beside.startWorker()
    const post = worker.postMessage
    worker.postMessage = (message, transfer) => {
      spy.sent.push({ ...message, worker })
      post(message, transfer)
    }
    spy.workers.push(worker)
    return worker
  }
  return spy
}
