// Which kernels run, and what is said about it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { createSession } from '../dist/session.js'
import { descriptions } from '../dist/tiers.js'
import { hasRelaxed, open, rejects } from './support.mjs'

const binaryOf = (name) => readFileSync(new URL(`../dist/${name}`, import.meta.url))
const parts = {
  '/run.wasm': binaryOf('lowbit.wasm'),
  '/relaxed.wasm': binaryOf('lowbit-relaxed.wasm'),
}

let requests = []
const server = createServer(({ url }, response) => {
  requests.push(url)
  response.writeHead(parts[url] ? 200 : 404, { 'content-type': 'application/wasm' })
  response.end(parts[url])
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
after(() => server.close())
const address = `http://127.0.0.1:${server.address().port}`

test('each tier of the kernels has its words', () => {
  const header = readFileSync(new URL('../../../src/kernels/tier.h', import.meta.url), 'utf8')
  const [, names] = /kTierNames\[\] = \{([^}]*)\}/.exec(header)
  assert.deepEqual(
    Object.keys(descriptions),
    Array.from(names.matchAll(/"(\w+)"/g), ([, name]) => name),
  )
})

for (const tier of [undefined, 'reference', 'simd128', 'relaxed']) {
  test(`only the parts that run are read: ${tier ?? 'the default'}`, async (t) => {
    if (tier === 'relaxed' && !hasRelaxed) return t.skip('this Node does not get it')
    requests = []
    const wasm = { run: `${address}/run.wasm`, relaxed: `${address}/relaxed.wasm` }
    const { backend } = await open(t, { tier, wasm })
    const runs = tier ?? (hasRelaxed ? 'relaxed' : 'simd128')
    assert.equal(backend.tier, runs)
    assert.deepEqual(requests.toSorted(), [
      ...(runs === 'relaxed' ? ['/relaxed.wasm'] : []),
      '/run.wasm',
    ])
  })
}

const unusable = {
  'a missing file': [`${address}/missing.wasm`, /404/],
  'other bytes': [new Uint8Array(100), /does not compile/],
  'another module': [Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), /self-test failed/],
  'another part': [parts['/run.wasm'], /could not be instantiated/],
}

for (const [name, [relaxed, message]] of Object.entries(unusable)) {
  for (const worker of [false, true]) {
    test(`relaxed kernels that cannot run: ${name}, ${worker ? 'worker' : 'main'}`, async (t) => {
      const expected = hasRelaxed ? message : /Node 20/
      const { backend } = await open(t, { wasm: { relaxed }, worker })
      assert.deepEqual(Object.keys(backend).sort(), ['reason', 'thread', 'tier', 'tiles'])
      assert.deepEqual(backend.tiles, {})
      assert.equal(backend.tier, 'simd128')
      assert.match(backend.reason, expected)
      const explicit = open(t, { tier: 'relaxed', wasm: { relaxed }, worker })
      await rejects(explicit, 'LOAD_FAILED')
      await assert.rejects(explicit, { message: expected })
    })
  }
}

for (const [name, kernels, files] of [
  ['simd128', 'simd128', ['/run.wasm']],
  ['relaxed', 'probe', ['/run.wasm', '/relaxed.wasm']],
]) {
  test(`${name} is instantiated, tested and tuned in less than 40 ms`, async (t) => {
    if (kernels === 'probe' && !hasRelaxed) return t.skip('this Node does not get it')
    const modules = await Promise.all(files.map((file) => WebAssembly.compile(parts[file])))
    const times = []
    for (let i = 0; i < 9; i++) {
      const start = performance.now()
      await createSession(modules, kernels, { known: {}, budgetMs: 16 })
      times.push(performance.now() - start)
    }
    const median = times.toSorted((a, b) => a - b)[4]
    t.diagnostic(`first ${times[0].toFixed(1)} ms, median ${median.toFixed(1)} ms`)
    assert.ok(median < 40, `${times}`)
  })
}

test('where one part is given, relaxed kernels are not looked for', async (t) => {
  const { backend } = await open(t, { wasm: `${address}/run.wasm` })
  assert.equal(backend.tier, 'simd128')
  assert.match(backend.reason, hasRelaxed ? /wasm option/ : /Node 20/)
  await rejects(open(t, { tier: 'relaxed', wasm: `${address}/run.wasm` }), 'LOAD_FAILED')
})

test('no flag brings relaxed SIMD to a Node that computes it wrongly', { skip: hasRelaxed }, () => {
  const script = `
    import { createLowbit } from 'lowbit'
    console.log((await createLowbit()).backend.tier)`
  const flags = ['--experimental-wasm-relaxed-simd', '--input-type=module', '--eval', script]
  const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  assert.equal(stdout.trim(), 'simd128')
})
