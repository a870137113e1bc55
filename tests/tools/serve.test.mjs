import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { serve } from '../../tools/serve.mjs'

let parent
let site

before(async () => {
  parent = mkdtempSync(join(tmpdir(), 'lowbit-serve-'))
  const root = join(parent, 'site')
  mkdirSync(join(root, 'lesson'), { recursive: true })
  writeFileSync(join(root, 'index.html'), '<title>front</title>')
  writeFileSync(join(root, 'lesson/index.html'), '<title>lesson</title>')
  writeFileSync(join(root, 'a b.wasm'), Buffer.from([0, 97, 115, 109]))
  writeFileSync(join(parent, 'secret.txt'), 'secret')
  mkdirSync(join(parent, 'site-private'))
  writeFileSync(join(parent, 'site-private/secret.txt'), 'secret')
  site = await serve(root, 0)
})

after(async () => {
  await site.close()
  rmSync(parent, { recursive: true })
})

// fetch() would tidy the path up; this sends it as it is.
function statusOfRawPath(path) {
  return new Promise((resolve, reject) => {
    const { port } = new URL(site.address)
    request({ port, host: '127.0.0.1', path }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

test('a folder answers with its index', async () => {
  assert.match(await (await fetch(site.address)).text(), /front/)
  assert.match(await (await fetch(`${site.address}lesson/?x=1`)).text(), /lesson/)
})

test('WebAssembly has its MIME type, so that browsers compile while they download', async () => {
  const response = await fetch(`${site.address}a%20b.wasm`)
  assert.equal(response.headers.get('content-type'), 'application/wasm')
  assert.equal((await response.arrayBuffer()).byteLength, 4)
})

test('HEAD answers without a body', async () => {
  const response = await fetch(`${site.address}a%20b.wasm`, { method: 'HEAD' })
  assert.equal(response.headers.get('content-length'), '4')
  assert.equal((await response.arrayBuffer()).byteLength, 0)
})

test('nothing outside the folder is served', async () => {
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsite-private/secret.txt',
    '/lesson',
    '/missing',
    '/index.html%00',
  ]) {
    assert.equal(await statusOfRawPath(path), 404, path)
  }
  assert.equal(await statusOfRawPath('/%zz'), 400)
})

test('other methods are refused', async () => {
  assert.equal((await fetch(site.address, { method: 'POST' })).status, 405)
})

test('headers asked for go with every file', async () => {
  const other = await serve(join(parent, 'site'), 0, {
    'cross-origin-opener-policy': 'same-origin',
  })
  const response = await fetch(other.address)
  assert.equal(response.headers.get('cross-origin-opener-policy'), 'same-origin')
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  await other.close()
})

test('a taken port gives way to the next free one', async () => {
  const taken = Number(new URL(site.address).port)
  const other = await serve(parent, taken)
  assert.ok(Number(new URL(other.address).port) > taken)
  await other.close()
})
