// Standard input and output, files that exist, writes that fail, and Ctrl-C.

import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { buildModel } from '../oracle/onnx.mjs'
import {
  finish,
  folder,
  lowbit,
  mlp,
  modelPath,
  npy,
  parseNpy,
  start,
  writeDigits,
} from './support.mjs'

test('- is standard input and output', async (t) => {
  const path = folder(t)
  writeDigits(path, 'mnist-test', 4)
  const input = readFileSync(mlp)
  const inspected = await lowbit(['inspect', '-', '--json'], { input })
  assert.equal(JSON.parse(inspected.text).bytes, input.length)

  const args = ['quantize', '-', '--out', '-', '--calibration', path('x.npy')]
  const piped = await lowbit(args, { input })
  assert.equal(piped.status, 0, piped.stderr)
  assert.match(piped.stderr, /times smaller/)
  await lowbit(['quantize', mlp, '--out', path('q.onnx'), '--calibration', path('x.npy')])
  assert.deepEqual(piped.stdout, readFileSync(path('q.onnx')))

  const x = readFileSync(path('x.npy'))
  const run = await lowbit(['run', mlp, '--input', '-', '--output', '-'], { input: x })
  assert.deepEqual(parseNpy(run.stdout).shape, [4, 10])
  const report = await lowbit(['quantize', mlp, '--out', path('q2.onnx'), '--report', '-'])
  assert.equal(JSON.parse(report.text).model, mlp)

  const both = await lowbit([...args, '--json'], { input })
  assert.equal(both.status, 2)
  assert.match(JSON.parse(both.text).error.message, /--json needs standard output/)
  const twice = await lowbit(['compare', '-', '-', '--data', path('x.npy')], { input })
  assert.equal(twice.status, 2)
  assert.match(twice.stderr, /can be read once only/)
})

test('a file that exists stays, unless --force is given', async (t) => {
  const path = folder(t)
  writeFileSync(path('q.onnx'), 'precious')
  const args = ['quantize', mlp, '--out', path('q.onnx')]
  const refused = await lowbit([...args, '--json'])
  assert.equal(refused.status, 2)
  assert.equal(JSON.parse(refused.text).error.code, 'FILE_FAILED')
  assert.match(JSON.parse(refused.text).error.message, /q\.onnx exists already; --force/)
  // Found out before the work.
  assert.equal(refused.stderr, '')
  assert.equal(readFileSync(path('q.onnx'), 'utf8'), 'precious')

  chmodSync(path('q.onnx'), 0o600)
  symlinkSync(path('q.onnx'), path('link.onnx'))
  const through = ['quantize', mlp, '--out', path('link.onnx'), '--force']
  assert.equal((await lowbit(through)).status, 0)
  assert.ok(statSync(path('q.onnx')).size > 10_000)
  assert.equal(statSync(path('q.onnx')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(path()).sort(), ['link.onnx', 'q.onnx'])

  writeFileSync(path('r.json'), 'precious')
  const report = ['quantize', mlp, '--out', path('new.onnx'), '--report', path('r.json')]
  assert.equal((await lowbit(report)).status, 2)
  assert.ok(!existsSync(path('new.onnx')))
})

test('a write that fails names the file, and leaves nothing behind', async (t) => {
  const path = folder(t)
  writeFileSync(path('file'), '')
  const devices = existsSync('/dev/full') ? [['/dev/full', /no space is left/]] : []
  for (const [out, reason] of [
    [path('none/q.onnx'), /no such file or folder/],
    [path('file/q.onnx'), /not a folder/],
    [path(), /it is a folder/],
    ...devices,
  ]) {
    const { status, text } = await lowbit(['quantize', mlp, '--out', out, '--json'])
    assert.equal(status, 4, text)
    const { error } = JSON.parse(text)
    assert.equal(error.code, 'FILE_FAILED')
    assert.equal(error.where, out)
    assert.match(error.message, reason)
    assert.ok(error.message.includes(out))
  }
  assert.deepEqual(readdirSync(path()), ['file'])
})

test('a reader that has seen enough is no error to report', async () => {
  const child = start(['inspect', mlp])
  child.stdout.destroy()
  const { stderr } = await finish(child)
  assert.equal(stderr, '')
})

test('Ctrl-C ends work and waiting with 130, and leaves nothing behind', async (t) => {
  const path = folder(t)
  const learn = ['quantize', modelPath('fashion-resnet'), '--out', path('q.onnx'), '--weights', '3']
  const working = start([...learn, '--correct', 'adaround,bias,equalize'])
  // The warning comes once the model is loaded.
  working.stderr.once('data', () => working.kill('SIGINT'))
  const worked = await finish(working)
  assert.equal(worked.status, 130, worked.stderr)
  assert.match(worked.stderr, /error: interrupted$/m)

  const waiting = start(['inspect', '-', '--json'])
  waiting.stdin.write('x', () => setTimeout(() => waiting.kill('SIGINT'), 300))
  const waited = await finish(waiting, null)
  assert.equal(waited.status, 130)
  assert.equal(JSON.parse(waited.text).error.code, 'ABORTED')
  assert.deepEqual(readdirSync(path()), [])
})

test('tensors in files beside the model are read, and those elsewhere are not', async (t) => {
  const path = folder(t)
  const sum = (file) =>
    buildModel({
      inputs: { x: ['n', 2] },
      outputs: { y: ['n', 2] },
      constants: { w: { type: 'float32', dims: [2], file } },
      nodes: [['Add', ['x', 'w'], 'y']],
    })
  const x = { descr: '<f4', shape: [1, 2], data: Float32Array.of(1, 2) }
  writeFileSync(path('x.npy'), npy(x))
  writeFileSync(path('m.onnx'), sum('w.bin'))
  const args = ['run', path('m.onnx'), '--input', path('x.npy'), '--output', path('y.npy')]
  const missing = await lowbit([...args, '--json'])
  assert.equal(missing.status, 4)
  assert.match(JSON.parse(missing.text).error.message, /w\.bin could not be read: no such file/)
  writeFileSync(path('w.bin'), new Uint8Array(Float32Array.of(10, 20).buffer))
  assert.equal((await lowbit(args)).status, 0)
  assert.deepEqual(parseNpy(readFileSync(path('y.npy'))).data, Float32Array.of(11, 22))
  assert.match((await lowbit(['inspect', path('m.onnx')])).text, /^in the file {2}w\.bin$/m)

  writeFileSync(path('m.onnx'), sum(path('w.bin')))
  const refused = await lowbit([...args, '--force', '--json'])
  assert.equal(refused.status, 3)
  assert.match(JSON.parse(refused.text).error.message, /no plain file name/)
})
