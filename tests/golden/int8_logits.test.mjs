// Every backend gives the same bits (the law of arithmetic, 6): native, where every class of machine is emulated, and
// Chromium. For Node see int8_logits.node.test.mjs.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { launchChromium } from '../../tools/lib/chromium.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { serve } from '../../tools/serve.mjs'
import { descriptions } from '../../web/lib/dist/tiers.js'
import { goldenPath, keyOf, models, nativeHash } from './int8_logits.mjs'

const golden = JSON.parse(readFileSync(goldenPath, 'utf8'))

test('there is a hash for each model', () => {
  assert.deepEqual(Object.keys(golden), models.map(keyOf))
})

for (const tier of Object.keys(descriptions)) {
  for (const model of models) {
    test(`native, ${tier}: ${keyOf(model)}`, async () => {
      assert.equal(await nativeHash(model, tier), golden[keyOf(model)])
    })
  }
}

/** Runs in the page. */
async function hashInPage({ name, slices, bits, options }) {
  const { createLowbit } = await import('/web/lib/dist/index.js')
  const bytesOf = async (response) => new Uint8Array(await response.arrayBuffer())
  const images = async (part) => {
    const file = await fetch(`/examples/data/${slices}-${part}.images.idx3.gz`)
    const unpacked = file.body.pipeThrough(new DecompressionStream('gzip'))
    const pixels = (await bytesOf(new Response(unpacked))).subarray(16)
    const data = Float32Array.from(pixels, (pixel) => pixel / 255)
    return { data, shape: [data.length / 784, 1, 28, 28] }
  }
  const lowbit = await createLowbit(options)
  const fp32 = await lowbit.load(await bytesOf(await fetch(`/examples/models/${name}.onnx`)))
  const calibration = await images('calibration')
  const int8 = await lowbit.quantize(fp32, { weights: { bits } }, { calibration })
  const [logits] = await int8.run([await images('test')])
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', logits.data))
  lowbit.dispose()
  return {
    hash: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    backend: lowbit.backend,
  }
}

test('WebAssembly in Chromium', async (t) => {
  const server = await serve(projectRoot, 0)
  const browser = await launchChromium()
  t.after(async () => {
    await browser.close()
    await server.close()
  })
  const page = await browser.newPage()
  const html = '<!doctype html><html lang="en"><title>Lowbit</title></html>'
  await page.route(server.address, (route) =>
    route.fulfill({ contentType: 'text/html', body: html }),
  )
  await page.goto(server.address)
  const kernels = [{}, { tier: 'relaxed', dot: 'none' }, { tier: 'simd128' }]
  for (const options of kernels) {
    for (const model of models) {
      await t.test(`${JSON.stringify(options)}: ${keyOf(model)}`, async () => {
        const { hash, backend } = await page.evaluate(hashInPage, { ...model, options })
        assert.equal(hash, golden[keyOf(model)])
        assert.equal(backend.thread, 'worker')
        assert.equal(backend.tier, options.tier ?? 'relaxed', backend.reason)
      })
    }
  }
})
