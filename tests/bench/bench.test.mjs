// The benchmark runs, all runtimes agree in what it times, and its JSON has its shape. How long anything takes is not tested.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../tools/lib/run.mjs'
import { readModel } from '../oracle/onnx.mjs'
import { cases } from './cases.mjs'
import { countMacs } from './macs.mjs'

const bench = (...args) =>
  spawnSync(process.execPath, [join(projectRoot, 'tests/bench/bench.mjs'), ...args], {
    encoding: 'utf8',
  })

/** What a run of these cases writes and prints. */
function report(t, ...args) {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-bench-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'bench.json')
  const { status, stdout, stderr } = bench('--quick', '--json', file, ...args)
  assert.equal(status, 0, stderr)
  return { ...JSON.parse(readFileSync(file, 'utf8')), printed: stdout }
}

async function macsOf(name) {
  const { load } = cases.find((candidate) => candidate.name === name)
  return countMacs(readModel(await load((path) => readFileSync(join(projectRoot, path)))))
}

const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.abs(b)

async function checkResults({ results, peaks }) {
  for (const result of results) {
    const { median_ms, p10_ms, p90_ms, gops, peak_fraction } = result
    assert.ok(p10_ms > 0 && p10_ms <= median_ms && median_ms <= p90_ms, JSON.stringify(result))
    assert.ok(near(gops, (2 * (await macsOf(result.case))) / median_ms / 1e6), 'gops')
    if (result.runtime !== 'lowbit' || result.tier === 'relaxed') continue
    const bound = result.precision === 'float32' ? peaks.mul_add_gops : peaks.dot_i16x8_gops
    assert.ok(near(peak_fraction, gops / bound), 'peak_fraction')
  }
}

const variantsOf = ({ results }, name) =>
  results
    .filter((result) => result.case === name && result.tier !== 'relaxed')
    .map(({ runtime, tier, precision }) => [runtime, tier, precision].join(' '))

const everyVariant = [
  'lowbit reference float32',
  'lowbit simd128 float32',
  'onnxruntime-web simd128 float32',
  'tfjs-backend-wasm simd128 float32',
  'lowbit reference int8',
  'lowbit simd128 int8',
  'onnxruntime-web simd128 int8',
  'lowbit reference bytes',
  'lowbit simd128 bytes',
  'onnxruntime-web simd128 bytes',
]

// Between them: products, all kinds of convolution, batch normalization, clipping, pooling, an image that is flattened.
const chosen = ['matmul 64x256x256', 'digits-lenet', 'fashion-mobilenet']

test('in Chromium', async (t) => {
  const { printed, ...whole } = report(t, '--cases', chosen.map((name) => `^${name}$`).join('|'))
  assert.deepEqual(Object.keys(whole), ['machine', 'peaks', 'results'])
  assert.match(whole.machine.engine, /^Chromium \d+/)
  for (const { runtime, tier, in_place_ms } of whole.results) {
    assert.equal(in_place_ms > 0, runtime === 'lowbit' && tier !== 'reference', 'in_place_ms')
  }
  assert.match(printed, /^tiles: f32 \d x 8(, int8 \d x 8)?$/m)
  assert.ok([4, 6, 8].includes(whole.machine.tiles.f32))
  const names = ['mul_add', 'relaxed_madd', 'dot_i16x8', 'relaxed_dot']
  assert.deepEqual(
    Object.keys(whole.peaks),
    names.map((name) => `${name}_gops`),
  )
  for (const [name, gops] of Object.entries(whole.peaks)) assert.ok(gops > 0, name)
  for (const name of chosen) {
    assert.deepEqual(variantsOf(whole, name), everyVariant)
    assert.ok(printed.includes(name))
  }
  await checkResults(whole)
})

test('in Node', async (t) => {
  const whole = report(t, '--in', 'node', '--cases', '^conv 3x3 16$')
  assert.equal(whole.machine.engine, `Node ${process.versions.node}`)
  assert.deepEqual(variantsOf(whole, 'conv 3x3 16'), everyVariant)
  await checkResults(whole)
})

test('wrong arguments and --help are answered at once', () => {
  const unknown = bench('--cases', 'nothing of that name')
  assert.equal(unknown.status, 1)
  assert.match(unknown.stderr, /No case matches .* matmul 1x1024x1024, /)
  const where = bench('--in', 'space')
  assert.equal(where.status, 1)
  assert.match(where.stderr, /--in takes chromium or node/)
  const help = bench('--help')
  assert.equal(help.status, 0)
  assert.match(help.stdout, /--json FILE/)
})
