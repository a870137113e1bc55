// What a user gets: the tarball holds what it should and no more, runs where it is installed, and its types compile.

import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { projectRoot } from '../../tools/lib/run.mjs'
import { installPackage, runIn } from './install.mjs'
import { answer, model, program } from './known_answer.mjs'

const library = join(projectRoot, 'web/lib')
const binaries = ['lowbit.wasm', 'lowbit-quantize.wasm', 'lowbit-relaxed.wasm']

test('an installed package', async (t) => {
  const { app, tarball, files } = installPackage(t)

  await t.test('holds the licence, the documentation, code and types, and nothing else', () => {
    const names = files.map(({ path }) => path)
    for (const name of [
      'LICENSE',
      'README.md',
      'package.json',
      'dist/index.js',
      'dist/inline.js',
      'dist/worker.js',
      'dist/cli.js',
      ...binaries.map((binary) => `dist/${binary}`),
    ]) {
      assert.ok(names.includes(name), `${name} in ${names}`)
    }
    const foreign =
      /^(LICENSE|README\.md|package\.json|dist\/(cli\/)?[a-z_-]+(\.js|\.d\.ts|\.wasm))$/
    assert.deepEqual(
      names.filter((name) => !foreign.test(name)),
      [],
    )
  })

  await t.test('is small enough to install', (t) => {
    const { size } = statSync(tarball)
    t.diagnostic(`${size} bytes`)
    assert.ok(size <= 700_000, `${size} bytes`)
  })

  for (const entry of ['lowbit', 'lowbit/inline']) {
    const use = `${program(entry)}
      ask({ worker: process.argv[2] === 'worker' }).then((it) => console.log(JSON.stringify(it)))`
    const required = use.replaceAll(/import (.*) from (\S+)/g, 'const $1 = require($2)')
    writeFileSync(join(app, 'use.mjs'), use)
    writeFileSync(join(app, 'use.cjs'), required)
    for (const file of ['use.mjs', 'use.cjs']) {
      for (const thread of ['main', 'worker']) {
        await t.test(`computes a known answer: ${entry}, ${file}, ${thread}`, () => {
          const output = JSON.parse(runIn(app, 'node', ['--no-warnings', file, thread]))
          assert.deepEqual(output, { ...answer, tier: output.tier, thread })
        })
      }
    }
  }

  await t.test('its program runs', () => {
    writeFileSync(join(app, 'model.onnx'), model)
    const lowbit = join(app, 'node_modules/.bin/lowbit')
    const { operators } = JSON.parse(runIn(app, lowbit, ['inspect', 'model.onnx', '--json']))
    assert.deepEqual(operators, { Gemm: 1, Relu: 1 })
  })

  await t.test('its examples run', () => {
    const readme = readFileSync(join(library, 'README.md'), 'utf8')
    const examples = [...readme.matchAll(/```js\n(import[\s\S]*?)```/g)].map(([, code]) => code)
    const slice = join(projectRoot, 'tools/data/datasets.mjs')
    const given = `
      import { readFileSync } from 'node:fs'
      import { readSlice, toInput } from ${JSON.stringify(slice)}
      const slice = readSlice('mnist-calibration')
      const { data: pixels } = toInput(slice.images)
      const [image, labels] = [pixels.subarray(0, 784), slice.labels]
      const onnxBytes = readFileSync(${JSON.stringify(join(projectRoot, 'examples/models/digits-mlp.onnx'))})`
    const [first, fewBits] = examples.map((example) => {
      writeFileSync(join(app, 'example.mjs'), `${given}\n${example}`)
      return runIn(app, 'node', ['--no-warnings', 'example.mjs'])
    })
    assert.match(first, /^\[ 1, 10 \] Float32Array\(10\)/)
    // The accuracy of three bits, of three with one layer of eight, and of three that were learned.
    const [few, mixed, learned] = fewBits.match(/^(1|0\.\d+) /gm).map(Number)
    assert.ok(few > 0.5 && mixed >= few && learned >= few, fewBits)
  })

  await t.test('its types compile for strict callers', () => {
    writeFileSync(join(app, 'consumer.mts'), consumer)
    const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc')
    const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes']
    for (const resolution of ['nodenext', 'bundler']) {
      const module = resolution === 'bundler' ? 'esnext' : 'nodenext'
      const target = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022']
      runIn(app, process.execPath, [tsc, ...strict, ...target, 'consumer.mts'])
    }
  })

  await t.test('publint finds nothing', async () => {
    const { messages, pkg } = await publint({ pkgDir: library, strict: true, pack: 'npm' })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    )
  })

  await t.test('are the types wrong? No', () => {
    const attw = join(projectRoot, 'node_modules/.bin/attw')
    runIn(app, attw, ['--profile', 'esm-only', '--exclude-entrypoints', ...binaries, '--', tarball])
  })
})

const consumer = `
import { createLowbit, errorCodes, LowbitError } from 'lowbit'
import * as inline from 'lowbit/inline'
import type { Calibration, DotProduct, Evaluator, Lowbit, LowbitErrorCode, Model } from 'lowbit'
import type { Recipe, Report, Sensitivity, Tensor } from 'lowbit'

const wasm = { run: '/lowbit.wasm', relaxed: new URL('https://example.org/lowbit-relaxed.wasm') }
const lowbit: Lowbit = await createLowbit({ tier: 'reference', worker: false, wasm })
const other: Lowbit = await inline.createLowbit({ workers: 2 })
const dot: DotProduct | undefined = lowbit.backend.dot
const recipe: Recipe = { weights: { granularity: 'tensor' } }
const calibration: Tensor = { data: new Float32Array(4), shape: [1, 4] }
const fp32: Model = await lowbit.load(new Uint8Array())
const int8: Model = await lowbit.quantize(fp32, recipe, { calibration, signal: AbortSignal.timeout(9) })
const report: Report = await lowbit.compare(fp32, int8, { inputs: [calibration], labels: [0] })
const share: number | null = report.a.top1
const seen: Calibration = await lowbit.calibrate(fp32, { samples: calibration })
const float: Recipe = { activations: { bits: 'float' }, layers: { fc1: { weights: { bits: 2 } } } }
const weightOnly: Model = await lowbit.quantize(fp32, float, { calibration: seen })
const fragile: Sensitivity = await lowbit.sensitivity(fp32, int8, { inputs: calibration })
const evaluator: Evaluator = await lowbit.evaluator(fp32, { inputs: calibration, labels: [0] })
const right: number = (await evaluator.measure(weightOnly)).correct
const blob = new Blob([await int8.save('onnx')])
const code: LowbitErrorCode | undefined = errorCodes[0]
try { await int8.run([calibration]) } catch (error) { if (error instanceof inline.LowbitError) error.where.length }
// @ts-expect-error
await lowbit.quantize(fp32, { weights: { bits: 9 } }, { calibration })
// @ts-expect-error
report.a.bytes = 3
// @ts-expect-error
await lowbit.quantize(fp32, {}, { calibration: seen.bytes })
export { blob, code, dot, fragile, LowbitError, other, right, share }
`

test('documentation is made of every export, without a warning', () => {
  const typedoc = join(projectRoot, 'node_modules/typedoc/bin/typedoc')
  const options = ['--options', join(library, 'typedoc.json'), '--emit', 'none']
  runIn(library, process.execPath, [typedoc, ...options])
})

// What a visitor downloads to run models, with relaxed SIMD and without, and later with the first call of anything else or
// for a model of other operators.
for (const [files, mostBytes, mostPacked] of [
  [['lowbit.wasm', 'lowbit.js'], 500_000, 180_000],
  [['lowbit.wasm', 'lowbit.js', 'lowbit-relaxed.wasm'], 520_000, 205_000],
  [['lowbit-quantize.wasm'], 500_000, 180_000],
]) {
  test(`${files.join(' + ')}: small enough to download`, (t) => {
    const contents = files.map((file) => readFileSync(join(library, 'dist', file)))
    const raw = contents.reduce((sum, file) => sum + file.length, 0)
    const packed = contents.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0)
    t.diagnostic(`${raw} bytes, ${packed} compressed`)
    assert.ok(raw <= mostBytes, `${raw} bytes`)
    assert.ok(packed <= mostPacked, `${packed} bytes compressed`)
  })
}
