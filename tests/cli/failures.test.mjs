// Exit statuses, and errors as text and as JSON.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildModel } from '../oracle/onnx.mjs'
import { folder, lowbit, mlp, writeDigits } from './support.mjs'

/** With --json it is { error } on standard output, and nothing else. */
async function failsInJson(args, status, code, message) {
  const json = await lowbit([...args, '--json'])
  assert.equal(json.status, status, `${args.join(' ')}: ${json.text}${json.stderr}`)
  const { error, ...rest } = JSON.parse(json.text)
  assert.deepEqual(rest, {})
  assert.deepEqual(Object.keys(error), ['code', 'message', 'where'])
  assert.equal(error.code, code)
  assert.match(error.message, message)
  assert.doesNotMatch(json.stderr, /error:/)
  return error
}

/** So it does, and without --json the message goes to standard error. */
async function fails(args, status, code, message) {
  const [plain, error] = await Promise.all([lowbit(args), failsInJson(args, status, code, message)])
  assert.equal(plain.status, status)
  assert.equal(plain.text, '')
  assert.match(plain.stderr, /^lowbit: error: /m)
  assert.match(plain.stderr, message)
  return error
}

test('2: the command line is wrong', async (t) => {
  const path = folder(t)
  writeDigits(path, 'mnist-test', 2)
  writeFileSync(path('text.json'), 'text')
  writeFileSync(path('list.json'), '[]')
  writeFileSync(path('field.json'), '{"weight": {}}')
  const quantize = ['quantize', mlp, '--out', path('q.onnx')]
  const compare = ['compare', mlp, mlp, '--data', path('x.npy')]
  const cases = [
    [[], /COMMAND must be one of inspect, quantize, run, compare, bench/],
    [['frobnicate'], /frobnicate must be one of/],
    [['inspect'], /MODEL is missing/],
    [['inspect', mlp, mlp], /one argument too many/],
    [['inspect', mlp, '--frob'], /Unknown option '--frob'/],
    [['inspect', mlp, '--json=1'], /--json/],
    [['quantize', mlp], /--out is missing/],
    [['quantize', mlp, '--out'], /--out/],
    [[...quantize, '--weights', '9'], /--weights: /],
    [[...quantize, '--weights', 'eight'], /--weights must be a number/],
    [[...quantize, '--weights', ''], /--weights must be a number/],
    [[...quantize, '--activations', '1'], /--activations/],
    [[...quantize, '--granularity', 'row'], /--granularity: .*group:32/],
    [[...quantize, '--observer', 'none'], /--observer: .*entropy/],
    [[...quantize, '--correct', 'bias,all'], /--correct .*"all"/],
    [[...quantize, '--correct', 'gptq,adaround'], /one of adaround and gptq/],
    [[...quantize, '--seed', '-1'], /--seed/],
    [[...quantize, '--seed', '0.5'], /--seed: /],
    [[...quantize, '--recipe', path('text.json')], /text\.json: .*JSON/],
    [[...quantize, '--recipe', path('list.json')], /list\.json: a recipe is an object/],
    [[...quantize, '--recipe', path('field.json')], /field\.json: .*not a field/],
    [[...quantize, '--report', path('q.onnx')], /same file/],
    [[...quantize, '--calibration', path('x.npy'), '--scale', '1/0'], /--scale/],
    [[...quantize, '--calibration', path('x.npy'), '--scale', 'much'], /--scale/],
    [['run', mlp, '--output', path('z.npy')], /--input is missing/],
    [['run', mlp, '--input', path('x.npy')], /--output is missing/],
    [
      ['run', mlp, '--input', path('x.npy'), '--input', path('x.npy'), '--output', path('z.npy')],
      /--input is given 2 times for 1/,
    ],
    [['compare', mlp, mlp], /--data is missing/],
    [['compare', mlp], /B is missing/],
    [[...compare, '--max-drop', 'x'], /--max-drop must be a number from 0 up/],
    [['bench', mlp, '--runs', '0'], /--runs must be a number from 1 up/],
  ]
  await Promise.all(
    cases.map(([args, message]) => failsInJson(args, 2, 'INVALID_ARGUMENT', message)),
  )
  const error = await fails([...quantize, '--weights', '9'], 2, 'INVALID_ARGUMENT', /bits/)
  assert.equal(error.where, '--weights')
})

test('2: a model that is quantized already', async (t) => {
  const path = folder(t)
  await lowbit(['quantize', mlp, '--out', path('q.onnx')])
  const again = ['quantize', path('q.onnx'), '--out', path('qq.onnx')]
  await fails(again, 2, 'INVALID_ARGUMENT', /q\.onnx: the model is quantized already/)
})

test('3: a bad or unsupported model', async (t) => {
  const path = folder(t)
  const file = (name, bytes) => {
    writeFileSync(path(name), bytes)
    return path(name)
  }
  const network = (op, data = Float32Array.of(1), more = {}) =>
    buildModel({
      inputs: { x: ['n', 1] },
      outputs: { y: ['n', 1] },
      constants: { w: { type: 'float32', dims: [1, 1], data } },
      nodes: [[op, ['x', 'w'], 'y']],
      ...more,
    })
  const cut = file('cut.onnx', readFileSync(mlp).subarray(0, 1000))
  const foreign = file('foreign.onnx', network('Frobnicate'))
  const old = file('old.onnx', network('MatMul', undefined, { opset: 99 }))
  const infinite = file('infinite.onnx', network('MatMul', Float32Array.of(Number.NaN)))
  const out = ['--out', path('q.onnx')]
  for (const command of [
    ['inspect', cut],
    ['quantize', cut, ...out],
    ['bench', cut],
  ]) {
    const { where } = await fails(command, 3, 'INVALID_MODEL', /cut\.onnx: /)
    assert.match(where, /^byte \d+$/)
  }
  const frobnicate = /foreign\.onnx: .*Frobnicate \(node 'make_y'\)/
  await fails(['quantize', foreign, ...out], 3, 'UNSUPPORTED_OPERATOR', frobnicate)
  await fails(['bench', old], 3, 'UNSUPPORTED_FEATURE', /old\.onnx: .*opset/)
  const { where } = await fails(['quantize', infinite, ...out], 3, 'NON_FINITE', /infinite\.onnx: /)
  assert.equal(where, 'w')
})

test('4: a file that cannot be read', async (t) => {
  const path = folder(t)
  const missing = await fails(['inspect', path('m.onnx')], 4, 'FILE_FAILED', /no such file/)
  assert.equal(missing.where, path('m.onnx'))
  await fails(['inspect', path()], 4, 'FILE_FAILED', /it is a folder/)
})
