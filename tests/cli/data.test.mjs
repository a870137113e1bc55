// Data in every form that is taken, and what is refused.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { buildModel } from '../oracle/onnx.mjs'
import { folder, images, labels, lowbit, mlp, npy, parseNpy, writeDigits } from './support.mjs'

test('images and labels of bytes, gzipped, are as good as floats', async (t) => {
  const path = folder(t)
  const gate = ['--max-drop', '0', '--json']
  writeDigits(path, 'mnist-test', 2000)
  const [bytes, floats] = await Promise.all([
    lowbit([
      'compare',
      mlp,
      mlp,
      ...images('--data', 'mnist-test'),
      ...labels('mnist-test'),
      ...gate,
    ]),
    lowbit(['compare', mlp, mlp, '--data', path('x.npy'), '--labels', path('y.npy'), ...gate]),
  ])
  assert.equal(bytes.status, 0, bytes.stderr)
  const [ofBytes, ofFloats] = [bytes, floats].map(({ text }) => JSON.parse(text).a.top1)
  assert.ok(ofBytes > 0.98)
  assert.equal(ofBytes, ofFloats)
})

test('elements of every type', async (t) => {
  const path = folder(t)
  const model = { inputs: { x: ['n', 1, 2] }, outputs: { y: ['n', 1, 2] } }
  writeFileSync(path('relu.onnx'), buildModel({ ...model, nodes: [['Relu', ['x'], 'y']] }))
  for (const [descr, data] of [
    ['|u1', Uint8Array.of(3, 200)],
    ['|i1', Int8Array.of(3, -2)],
    ['<i4', Int32Array.of(70000, -2)],
    ['<i8', BigInt64Array.of(70000n, -2n)],
    ['<f8', Float64Array.of(0.5, -2)],
  ]) {
    writeFileSync(path('x.npy'), npy({ descr, shape: [1, 2], data }))
    const args = ['run', path('relu.onnx'), '--input', path('x.npy'), '--output', '-']
    const { status, stdout, stderr } = await lowbit([...args, '--scale', '0.5'])
    assert.equal(status, 0, stderr)
    // The dimension of 1 that the file does not have is the model's.
    const expected = Float32Array.from(data, (value) => Math.max(Number(value), 0) / 2)
    assert.deepEqual(parseNpy(stdout), { shape: [1, 1, 2], data: expected })
  }
})

test('data that do not fit are named, with exit status 4', async (t) => {
  const path = folder(t)
  const x = (shape, data) => npy({ descr: '<f4', shape, data })
  const pixels = new Float32Array(784 * 2)
  writeDigits(path, 'mnist-test', 2)
  writeFileSync(path('text.npy'), 'no array')
  writeFileSync(path('cut.npy'), x([2, 1, 28, 28], pixels).subarray(0, 1000))
  writeFileSync(path('half.npy'), npy({ descr: '<f2', shape: [2], data: Uint16Array.of(1, 2) }))
  writeFileSync(path('broken.npy.gz'), gzipSync('text').subarray(0, 12))
  writeFileSync(path('shape.npy'), x([2, 3], pixels.subarray(0, 6)))
  writeFileSync(path('empty.npy'), x([0, 1, 28, 28], new Float32Array()))
  pixels[5] = Number.NaN
  writeFileSync(path('nan.npy'), x([2, 1, 28, 28], pixels))
  for (const [file, code] of [
    ['text.npy', 'INVALID_DATA'],
    ['cut.npy', 'INVALID_DATA'],
    ['half.npy', 'UNSUPPORTED_FEATURE'],
    ['broken.npy.gz', 'INVALID_DATA'],
    ['shape.npy', 'SHAPE_MISMATCH'],
    ['empty.npy', 'EMPTY_CALIBRATION'],
    ['nan.npy', 'NON_FINITE'],
    ['missing.npy', 'FILE_FAILED'],
  ]) {
    const out = ['quantize', mlp, '--out', path('q.onnx'), '--json']
    const { status, text } = await lowbit([...out, '--calibration', path(file)])
    assert.equal(status, 4, `${file}: ${text}`)
    const { error } = JSON.parse(text)
    assert.equal(error.code, code, file)
  }
  const compare = ['compare', mlp, mlp, '--data', path('x.npy'), '--json', '--labels']
  writeFileSync(path('half.npy'), x([2], Float32Array.of(1, 0.5)))
  writeFileSync(path('three.npy'), x([3], Float32Array.of(1, 2, 3)))
  for (const [file, code] of [
    ['half.npy', 'INVALID_DATA'],
    ['three.npy', 'SHAPE_MISMATCH'],
  ]) {
    const { status, text } = await lowbit([...compare, path(file)])
    assert.equal(status, 4, text)
    assert.equal(JSON.parse(text).error.code, code)
  }
})

test('models without a free choice of samples, and inputs of an open size', async (t) => {
  const path = folder(t)
  const network = (x, y) =>
    buildModel({ inputs: { x }, outputs: { y }, nodes: [['Relu', ['x'], 'y']] })
  writeFileSync(path('fixed.onnx'), network([5, 2], [5, 2]))
  writeFileSync(path('open.onnx'), network(['n', 'width'], ['n', 'width']))
  const quantize = (name) => lowbit(['quantize', path(name), '--out', path(`q-${name}`), '--json'])
  const fixed = await quantize('fixed.onnx')
  assert.equal(JSON.parse(fixed.text).calibration.samples, 35)
  const open = await quantize('open.onnx')
  assert.equal(open.status, 2)
  assert.match(JSON.parse(open.text).error.message, /dimension 1, width, open/)
  assert.equal((await lowbit(['bench', path('open.onnx')])).status, 2)
  writeFileSync(path('x.npy'), npy({ descr: '<f4', shape: [1, 3], data: Float32Array.of(1, 2, 3) }))
  const bench = ['bench', path('open.onnx'), '--input', path('x.npy'), '--runs', '1']
  assert.equal((await lowbit(bench)).status, 0)
  assert.ok(readFileSync(path('q-fixed.onnx')).length > 0)
})
