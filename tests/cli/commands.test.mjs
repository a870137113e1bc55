// Every form of every command: what it prints and what it writes.

import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { createLowbit } from 'lowbit'
import { buildModel } from '../oracle/onnx.mjs'
import { folder, lowbit, mlp, modelPath, parseNpy, writeDigits } from './support.mjs'

/** The JSON that a command prints, which must succeed, and say nothing else. */
async function json(args) {
  const { status, text, stderr } = await lowbit([...args, '--json'])
  assert.equal(status, 0, text + stderr)
  return JSON.parse(text)
}

const lenet = modelPath('digits-lenet')
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))

test('inspect', async (t) => {
  const path = folder(t)
  await t.test('says what a model holds', async () => {
    const model = modelPath('fashion-resnet')
    const { operators, ...rest } = await json(['inspect', model])
    assert.deepEqual(rest, {
      inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 1, 28, 28] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 10] }],
      parameters: rest.parameters,
      bytes: statSync(model).size,
      files: [],
      opset: 17,
      unsupported: [],
    })
    // Four bytes each, and the names beside them.
    assert.ok(rest.parameters * 4 < rest.bytes && rest.parameters * 4 > rest.bytes * 0.9)
    const lowbit = await createLowbit()
    const { info } = await lowbit.load(readFileSync(model))
    lowbit.dispose()
    assert.deepEqual(operators, info.operators)
  })
  await t.test('lists operators that Lowbit does not have, and succeeds', async () => {
    const foreign = buildModel({
      inputs: { x: ['n', 4] },
      outputs: { y: ['n', 4] },
      nodes: [
        ['Frobnicate', ['x'], 'a'],
        ['Frobnicate', ['a'], 'b'],
        ['Relu', ['b'], 'y'],
      ],
    })
    writeFileSync(path('foreign.onnx'), foreign)
    const { operators, unsupported } = await json(['inspect', path('foreign.onnx')])
    assert.deepEqual(operators, { Frobnicate: 2, Relu: 1 })
    assert.deepEqual(unsupported, [{ op: 'Frobnicate', nodes: ['make_a', 'make_b'] }])
    const { status, text } = await lowbit(['inspect', path('foreign.onnx')])
    assert.equal(status, 0)
    assert.match(text, /does not have:\nFrobnicate {2}make_a, make_b$/m)
  })
  await t.test('prints a table for people', async () => {
    const { text, stderr } = await lowbit(['inspect', mlp])
    assert.match(text, /^parameters {2}13[0-9],[0-9]{3}$/m)
    assert.match(text, /^inputs {6}image {2}float32 {2}batch x 1 x 28 x 28$/m)
    assert.match(text, /^Gemm +\d$/m)
    assert.equal(stderr, '')
  })
})

test('quantize', async (t) => {
  const path = folder(t)
  writeDigits(path, 'mnist-calibration', 64)
  const calibration = ['--calibration', path('x.npy')]
  const options = (out) => ['quantize', lenet, '--out', path(out), ...calibration]

  await t.test('with data, reports what was done', async () => {
    const { status, text, stderr } = await lowbit([
      ...options('q.onnx'),
      '--report',
      path('r.json'),
    ])
    assert.equal(status, 0, stderr)
    assert.equal(stderr, '')
    assert.match(text, /64 samples of .*x\.npy/)
    const { layers, ...report } = read(path('r.json'))
    assert.deepEqual(report, {
      version: report.version,
      model: lenet,
      out: path('q.onnx'),
      recipe: { weights: {}, activations: {} },
      calibration: { source: 'data', files: [path('x.npy')], samples: 64 },
      warnings: [],
      bytes: { before: statSync(lenet).size, after: statSync(path('q.onnx')).size },
    })
    assert.ok(report.bytes.after < 0.3 * report.bytes.before)
    assert.ok(layers.length > 2)
    for (const { name, op, sqnr_db } of layers) {
      assert.ok(name.length > 0 && op.length > 0)
      assert.ok(sqnr_db > 25, `${name}: ${sqnr_db}`)
    }
  })

  await t.test('makes the file that the library makes', async () => {
    const lowbit = await createLowbit()
    const fp32 = await lowbit.load(readFileSync(lenet))
    const x = await lowbit.readArray(readFileSync(path('x.npy')))
    const int8 = await lowbit.quantize(fp32, {}, { calibration: x })
    const bytes = await int8.save('onnx')
    lowbit.dispose()
    assert.deepEqual(readFileSync(path('q.onnx')), Buffer.from(bytes))
  })

  const recipes = [
    [['--weights', '8'], { weights: { bits: 8 } }],
    [['--activations', '8'], { activations: { bits: 8 } }],
    [['--activations', 'float'], { activations: { bits: 'float' } }],
    ...['tensor', 'channel', 'group:32'].map((granularity) => [
      ['--granularity', granularity],
      { weights: { granularity } },
    ]),
    ...['minmax', 'percentile', 'mse', 'entropy'].map((observer) => [
      ['--observer', observer],
      { activations: { observer } },
    ]),
    [
      ['--correct', 'equalize,bias,adaround'],
      { equalize: true, correctBias: true, weights: { rounding: 'adaround' } },
    ],
    [
      ['--correct', 'gptq', '--seed', '3', '--weights', '3'],
      { equalize: false, correctBias: false, seed: 3, weights: { rounding: 'gptq', bits: 3 } },
    ],
  ]
  for (const [flags, recipe] of recipes) {
    await t.test(flags.join(' '), async () => {
      const report = await json([...options('again.onnx'), '--force', ...flags])
      assert.deepEqual(report.recipe, { weights: {}, activations: {}, ...recipe })
    })
  }

  await t.test('options overrule a recipe, and leave what they do not set', async () => {
    const recipe = {
      equalize: true,
      weights: { bits: 4, clipping: 'mse', rounding: 'gptq' },
      activations: { bits: 7 },
    }
    writeFileSync(path('recipe.json'), JSON.stringify(recipe))
    const from = [...options('again.onnx'), '--force', '--recipe', path('recipe.json')]
    assert.deepEqual((await json(from)).recipe, recipe)
    assert.deepEqual((await json([...from, '--weights', '5', '--correct', 'none'])).recipe, {
      equalize: false,
      correctBias: false,
      weights: { bits: 5, clipping: 'mse', rounding: 'nearest' },
      activations: { bits: 7 },
    })
  })

  await t.test('without data it says so loudly, and the seed decides', async () => {
    const files = []
    for (const [seed, out] of [
      ['1', 's1.onnx'],
      ['1', 's2.onnx'],
      ['2', 's3.onnx'],
    ]) {
      const synthetic = ['quantize', lenet, '--out', path(out), '--seed', seed]
      const { status, text, stderr } = await lowbit([...synthetic, '--report', path(`${out}.json`)])
      assert.equal(status, 0, stderr)
      assert.match(stderr, /warning: .*SYNTHETIC samples .*seed/)
      assert.match(text, /SYNTHETIC/)
      const { calibration, warnings, layers } = read(path(`${out}.json`))
      assert.equal(calibration.source, 'synthetic')
      assert.equal(calibration.seed, Number(seed))
      assert.equal(calibration.samples, 32)
      assert.match(warnings[0], /SYNTHETIC/)
      assert.equal(layers, null)
      files.push(readFileSync(path(out)))
    }
    assert.deepEqual(files[0], files[1])
    assert.notDeepEqual(files[0], files[2])
  })
})

test('run', async (t) => {
  const path = folder(t)
  writeDigits(path, 'mnist-test', 40)
  const lowbitHere = await createLowbit()
  t.after(() => lowbitHere.dispose())
  const model = await lowbitHere.load(readFileSync(mlp))
  const x = await lowbitHere.readArray(readFileSync(path('x.npy')))
  const [expected] = await model.run([x])

  for (const name of ['', 'image=']) {
    await t.test(`--input ${name}x.npy`, async () => {
      const out = path(`${name}out.npy`)
      const { status, text, stderr } = await lowbit([
        ...['run', mlp, '--input', `${name}${path('x.npy')}`],
        ...['--output', out],
      ])
      assert.equal(status, 0, stderr)
      assert.match(text, /^logits {2}40 x 10 {2}/)
      assert.deepEqual(parseNpy(readFileSync(out)), { shape: [40, 10], data: expected.data })
    })
  }

  await t.test('several inputs and outputs, by name and in order', async () => {
    const subtraction = buildModel({
      inputs: { a: ['n', 2], b: ['n', 2] },
      outputs: { left: ['n', 2], right: ['n', 2] },
      constants: { minus: { type: 'float32', dims: [1], data: Float32Array.of(-1) } },
      nodes: [
        ['Relu', ['a'], 'left'],
        ['Relu', ['b'], 'right'],
      ],
    })
    writeFileSync(path('two.onnx'), subtraction)
    for (const [name, ...data] of [
      ['a', 1, -1],
      ['b', -2, 2],
    ]) {
      const tensor = { data: Float32Array.from(data), shape: [1, 2] }
      writeFileSync(path(`${name}.npy`), await lowbitHere.writeArray(tensor))
    }
    const { status, stderr } = await lowbit([
      ...['run', path('two.onnx'), '--input', path('a.npy'), '--input', path('b.npy')],
      ...['--output', `right=${path('right.npy')}`, '--output', path('left.npy')],
    ])
    assert.equal(status, 0, stderr)
    const outputs = ['left', 'right'].map((name) => parseNpy(readFileSync(path(`${name}.npy`))))
    assert.deepEqual(
      outputs.map(({ data }) => [...data]),
      [
        [1, 0],
        [0, 2],
      ],
    )
  })
})

test('compare', async (t) => {
  const path = folder(t)
  writeDigits(path, 'mnist-test', 200)
  const flags = ['--weights', '3', '--activations', '3']
  await lowbit(['quantize', mlp, '--out', path('q.onnx'), '--calibration', path('x.npy'), ...flags])
  const models = ['compare', mlp, path('q.onnx'), '--data', path('x.npy')]
  const labelled = [...models, '--labels', path('y.npy')]

  const report = await json(labelled)
  await t.test('--json', () => {
    assert.deepEqual(Object.keys(report), ['samples', 'agreement', 'a', 'b', 'layers'])
    assert.equal(report.samples, 200)
    assert.ok(report.agreement > 0.5 && report.agreement < 1)
    for (const [model, file] of [
      [report.a, mlp],
      [report.b, path('q.onnx')],
    ]) {
      assert.deepEqual(Object.keys(model), ['top1', 'bytes', 'median_ms'])
      assert.equal(model.bytes, statSync(file).size)
      assert.ok(model.median_ms > 0)
    }
    assert.ok(report.a.top1 > 0.98 && report.b.top1 < report.a.top1)
    for (const layer of report.layers) {
      assert.deepEqual(Object.keys(layer), ['name', 'op', 'sqnr_db'])
    }
  })

  const gate = async (args, maxDrop) => {
    const answer = await lowbit([...args, '--max-drop', String(maxDrop), '--json'])
    assert.deepEqual(JSON.parse(answer.text).agreement, report.agreement)
    return answer
  }
  await t.test('--max-drop in points of top-1: the bound itself passes', async () => {
    const drop = Math.round((report.a.top1 - report.b.top1) * 200) / 2
    assert.equal((await gate(labelled, drop)).status, 0)
    const { status, stderr } = await gate(labelled, drop - 0.1)
    assert.equal(status, 1)
    assert.match(stderr, /top-1 fell by .* points; --max-drop allows/)
  })
  await t.test('--max-drop without labels, of agreement', async () => {
    const drop = Math.round((1 - report.agreement) * 200) / 2
    assert.equal((await gate(models, drop)).status, 0)
    const { status, stderr } = await gate(models, drop - 0.1)
    assert.equal(status, 1)
    assert.match(stderr, /agreement fell by/)
  })
  await t.test('a model against itself', async () => {
    const { agreement, a, layers } = await json(['compare', mlp, mlp, '--data', path('x.npy')])
    assert.equal(agreement, 1)
    assert.equal(a.top1, null)
    assert.ok(layers.every(({ sqnr_db }) => sqnr_db === null))
  })
  await t.test('prints a table for people', async () => {
    const { text } = await lowbit([...labelled])
    assert.match(text, /^a {2}.*digits-mlp\.onnx +\d+\.\d\d % +546\.7 KB +\d/m)
    assert.match(text, /^layer +operator +SQNR dB$/m)
  })
})

test('bench', async (t) => {
  const path = folder(t)
  const answer = await json(['bench', mlp, '--runs', '20'])
  assert.equal(answer.samples, 1)
  assert.equal(answer.runs, 20)
  assert.equal(answer.bytes, statSync(mlp).size)
  assert.ok(answer.p10_ms > 0 && answer.p10_ms <= answer.median_ms)
  assert.ok(answer.median_ms <= answer.p90_ms)
  assert.match(answer.tier, /^(simd128|relaxed)$/)
  writeDigits(path, 'mnist-test', 3)
  assert.equal((await json(['bench', mlp, '--input', path('x.npy'), '--runs', '2'])).samples, 3)
  const { text } = await lowbit(['bench', mlp, '--runs', '5'])
  assert.match(text, /^median +\d.* ms, \d+ samples per second$/m)
})
