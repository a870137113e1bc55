// Where the WebAssembly binary comes from, and what is said where it does not come.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open, perceptron, rejects, tensor } from './support.mjs'

const url = new URL('../dist/lowbit.wasm', import.meta.url)
const binary = readFileSync(url)

const answers = {
  '/good.wasm': [200, 'application/wasm', binary],
  '/untyped.wasm': [200, 'application/octet-stream', binary],
  '/page.wasm': [200, 'text/html', '<!doctype html><title>Not found</title>'],
  '/cut.wasm': [200, 'application/wasm', binary.subarray(0, 1000)],
}
const server = createServer((request, response) => {
  const [status, type, body] = answers[request.url] ?? [404, 'text/plain', 'no']
  response.writeHead(status, { 'content-type': type }).end(body)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
after(() => server.close())
const base = `http://127.0.0.1:${server.address().port}`

const sources = {
  nothing: undefined,
  'a URL of a file': url,
  'a URL in a string': url.href,
  'a path': fileURLToPath(url),
  bytes: new Uint8Array(binary),
  'an ArrayBuffer': new Uint8Array(binary).buffer,
  'a server': new URL(`${base}/good.wasm`),
  'a server that does not know the type': `${base}/untyped.wasm`,
}

for (const [name, wasm] of Object.entries(sources)) {
  test(`the binary from ${name}`, async (t) => {
    const lowbit = await open(t, wasm === undefined ? {} : { wasm })
    const model = await lowbit.load(perceptron())
    assert.equal((await model.run([tensor([2, 8])]))[0].data.length, 6)
  })
}

const unusable = {
  'a missing file': [new URL('./missing.wasm', import.meta.url), /missing\.wasm$/, /ENOENT/],
  'a missing page': [`${base}/missing.wasm`, /missing\.wasm$/, /404/],
  'a page in its place': [`${base}/page.wasm`, /page\.wasm$/, /text\/html/],
  'a file cut short': [`${base}/cut.wasm`, /cut\.wasm$/, /could not be read/],
  'nobody there': ['http://127.0.0.1:1/lowbit.wasm', /:1\/lowbit\.wasm$/, /could not be fetched/],
  'other bytes': [new Uint8Array(100), /^options\.wasm$/, /does not compile/],
  'another module': [
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0),
    /^wasm$/,
    /could not be instantiated/,
  ],
}

for (const [name, [wasm, where, message]] of Object.entries(unusable)) {
  for (const worker of [false, true]) {
    test(`${name}, ${worker ? 'worker' : 'main'}`, async (t) => {
      const promise = open(t, { wasm, worker })
      await rejects(promise, 'LOAD_FAILED', where)
      await assert.rejects(promise, { message })
    })
  }
}
