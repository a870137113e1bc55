// Where the WebAssembly binary comes from, and what is said where it does not come.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open, perceptron, rejects, single, tensor } from './support.mjs'

const url = new URL('../dist/lowbit.wasm', import.meta.url)
const binary = readFileSync(url)
const second = readFileSync(new URL('../dist/lowbit-quantize.wasm', import.meta.url))
const models = new URL('../../../examples/models/', import.meta.url)

const answers = {
  '/good.wasm': [200, 'application/wasm', binary],
  '/untyped.wasm': [200, 'application/octet-stream', binary],
  '/page.wasm': [200, 'text/html', '<!doctype html><title>Not found</title>'],
  '/lost.wasm': [404, 'text/html; charset=utf-8', '<!doctype html><title>Not found</title>'],
  '/untyped-page.wasm': [200, '', '<!doctype html><title>Not found</title>'],
  '/picture.wasm': [200, 'image/png', Uint8Array.of(137, 80, 78, 71)],
  '/cut.wasm': [200, 'application/wasm', binary.subarray(0, 1000)],
}
/** How often the second part was asked for. */
let seconds = 0
const server = createServer((request, response) => {
  if (request.url === '/second.wasm') seconds++
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

// The binary's second part is needed by what does more than to load and run models.
for (const worker of [false, true]) {
  const where = worker ? 'in a worker' : "in the caller's thread"

  test(`models run without the second part of the binary, ${where}`, async (t) => {
    const complete = await open(t, { worker: false, tier: 'simd128' })
    const wasm = { quantize: `${base}/missing.wasm` }
    const lowbit = await open(t, { worker, wasm, tier: 'simd128' })
    const zoo = readdirSync(models).filter((name) => name.endsWith('.onnx'))
    for (const name of zoo) {
      const fp32 = await complete.load(readFileSync(new URL(name, models)))
      const [, ...dims] = fp32.info.inputs[0].shape
      const calibration = tensor([4, ...dims])
      for (const bits of [8, 4]) {
        const int8 = await complete.quantize(fp32, { weights: { bits } }, { calibration })
        for (const model of [fp32, int8]) {
          const [expected] = await model.run([calibration])
          const alike = await lowbit.load(await model.save('onnx'))
          assert.deepEqual(await alike.run([calibration]), [expected], name)
        }
      }
    }
    const model = await lowbit.load(perceptron())
    const failing = lowbit.calibrate(model, { samples: tensor([2, 8]) })
    await rejects(failing, 'LOAD_FAILED', /missing\.wasm$/)
    await rejects(model.save('onnx'), 'LOAD_FAILED', /missing\.wasm$/)
  })

  test(`operators that fewer models have come with the second part, ${where}`, async (t) => {
    answers['/second.wasm'] = [200, 'application/wasm', second]
    const wasm = { quantize: `${base}/second.wasm` }
    const lowbit = await open(t, { worker, wasm, tier: 'simd128' })
    seconds = 0
    for (const op of ['Exp', 'Relu', 'Neg']) {
      const model = await lowbit.load(single(op, { x: [2] }))
      const [{ data }] = await model.run([{ data: new Float32Array(2), shape: [2] }])
      assert.deepEqual([...data].map(Math.abs), op === 'Exp' ? [1, 1] : [0, 0])
    }
    await rejects(lowbit.load(single('LSTM')), 'UNSUPPORTED_OPERATOR')
    assert.equal(seconds, 1)
    const far = await open(t, { worker, wasm: { quantize: `${base}/missing.wasm` } })
    await rejects(far.load(single('Exp')), 'LOAD_FAILED', /missing\.wasm$/)
  })

  test(`the second part is fetched once, when it is needed, ${where}`, async (t) => {
    const lowbit = await open(t, {
      worker,
      wasm: { quantize: `${base}/second.wasm` },
      tier: 'simd128',
    })
    const model = await lowbit.load(perceptron())
    await model.run([tensor([2, 8])])
    seconds = 0
    answers['/second.wasm'] = [500, 'text/plain', 'no']
    await rejects(model.save('onnx'), 'LOAD_FAILED', /second\.wasm$/)
    answers['/second.wasm'] = [200, 'application/wasm', second]
    const calls = [model.save('onnx'), lowbit.calibrate(model, { samples: tensor([2, 8]) })]
    await Promise.all(calls)
    await model.save('onnx')
    assert.equal(seconds, 2)
  })
}

const unusable = {
  'a missing file': [new URL('./missing.wasm', import.meta.url), /missing\.wasm$/, /ENOENT/],
  'a missing page': [`${base}/missing.wasm`, /missing\.wasm$/, /404 Not Found in place/],
  'a page in its place': [
    `${base}/page.wasm`,
    /page\.wasm$/,
    /HTML page .*at http:\S+page\.wasm\. Copy .* or .* option wasm/,
  ],
  'a page in its place, of no type': [`${base}/untyped-page.wasm`, /page\.wasm$/, /an HTML page/],
  'a page that says 404': [`${base}/lost.wasm`, /lost\.wasm$/, /404 .*HTML page .* option wasm/],
  'something else': [`${base}/picture.wasm`, /picture\.wasm$/, /content of type image\/png/],
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
