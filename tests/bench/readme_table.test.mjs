import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../tools/lib/run.mjs'
import { replaceBlock } from './readme_table.mjs'
import { readmeTable } from './report.mjs'

const result = (name, runtime, tier, precision, median_ms, peak_fraction) => ({
  ...{ case: name, runtime, tier, precision, median_ms, p10_ms: median_ms, p90_ms: median_ms },
  ...{ gops: 1, peak_fraction },
})

const report = {
  machine: {
    engine: 'Chromium 1',
    cpu: 'A chip',
    logical_cores: 2,
    platform: 'linux x64',
    tiles: {},
  },
  peaks: { mul_add_gops: 40, relaxed_dot_gops: null },
  results: [
    result('matmul', 'lowbit', 'reference', 'float32', 2, 0.01),
    result('matmul', 'lowbit', 'simd128', 'float32', 0.1234, 0.5),
    result('matmul', 'onnxruntime-web', 'simd128', 'int8', 0.9996, null),
    result('network', 'lowbit', 'simd128', 'float32', 123.4, 0.0123),
  ],
}

test('the table has a row for each case and a column for each variant but the reference', () => {
  assert.equal(
    readmeTable(report),
    `Chromium 1, A chip, 2 logical cores, linux x64. In brackets: the share of the machine's peak (mul_add 40.0, relaxed_dot none Gop/s).

| case | Lowbit simd128 FP32 | onnxruntime-web INT8 |
| --- | ---: | ---: |
| matmul | 123 µs (50 %) | 1000 µs (–) |
| network | 123 ms (1.2 %) |  |`,
  )
})

test('the block replaces what was between the marks, and the rest stays', () => {
  const text = 'a\n<!-- bench -->\nold\n<!-- /bench -->\nz\n'
  const replaced = replaceBlock(text, 'new')
  assert.equal(replaced, 'a\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\nz\n')
  assert.equal(replaceBlock(replaced, 'new'), replaced)
})

test('marks that are missing, double or reversed are refused', () => {
  for (const text of [
    'no marks',
    '<!-- bench -->',
    '<!-- /bench --><!-- bench -->',
    '<!-- bench --><!-- bench --><!-- /bench -->',
    '<!-- bench --><!-- /bench --><!-- /bench -->',
  ])
    assert.throws(() => replaceBlock(text, 'new'), /needs one/)
})

test('the README has the marks', () => {
  replaceBlock(readFileSync(join(projectRoot, 'README.md'), 'utf8'), '')
})
