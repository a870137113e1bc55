// A visitor's way through the page, with the mouse.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { figuresOf, quantize, runButton, startPlayground, waitForResult } from './playground.mjs'

let playground
before(async () => {
  playground = await startPlayground()
})
after(() => playground.close())

// Floors are a point below what the models reach, so that an equal model trained again does not fail.
const models = [
  { name: 'digits-mlp', title: 'Perceptron', accuracy: 97, loss: 0.5, layer: 'fc1' },
  { name: 'digits-lenet', title: 'LeNet', accuracy: 98.5, loss: 0.5, layer: 'conv1' },
  { name: 'fashion-resnet', title: 'ResNet', accuracy: 91, loss: 0.5, layer: 'conv1' },
  { name: 'fashion-mobilenet', title: 'MobileNet', accuracy: 90, loss: 1.5, layer: 'conv1' },
]

for (const { name, title, accuracy, loss, layer } of models) {
  test(`${name} quantizes, and its figures are sane`, async (t) => {
    const page = await playground.open(t)
    await page.getByText(title, { exact: true }).click()
    await quantize(page)
    const fp32 = await figuresOf(page, 'FP32 model')
    const int8 = await figuresOf(page, 'INT8 model')
    assert.ok(fp32.accuracy >= accuracy && fp32.accuracy <= 100, `${fp32.accuracy} %`)
    assert.ok(int8.accuracy >= fp32.accuracy - loss, `${int8.accuracy} % of ${fp32.accuracy} %`)
    assert.ok(fp32.size / int8.size > 2.5, `${fp32.size} KB to ${int8.size} KB`)
    assert.ok(fp32.time > 0 && int8.time > 0)
    assert.match(await page.locator('#verdict-title').textContent(), /INT8 .* smaller/)
    assert.match(await page.locator('.interval').textContent(), /95\s% interval/)
    await page.getByText('The same as a table').click()
    const rows = page.getByRole('table', { name: 'SQNR of each layer in dB' }).getByRole('row')
    assert.ok((await rows.count()) > 3)
    assert.ok((await rows.allTextContents()).some((row) => row.startsWith(layer)))
    assert.ok(await page.locator('.chart svg circle').count())
  })
}

test('a run ends with its verdict at the top of the window', async (t) => {
  const page = await playground.open(t)
  await quantize(page)
  const { y } = await page.locator('#verdict-title').boundingBox()
  assert.ok(y > 0 && y < 100, `the headline is ${y} pixels down`)
})

test('a layer that rounding leaves exact is called so, and does not stretch the chart', async (t) => {
  const page = await playground.open(t)
  await quantize(page)
  const texts = await page.locator('.chart text').allTextContents()
  assert.ok(texts.includes('exact'), `${texts}`)
  assert.ok(!texts.some((text) => /^\d{3} dB/.test(text)), `${texts}`)
})

test('the page says which kernels run', async (t) => {
  const page = await playground.open(t)
  await page.locator('.badge').waitFor()
  assert.equal(await page.locator('.badge').textContent(), 'WebAssembly relaxed SIMD')
  assert.match(await page.locator('footer').textContent(), /run in workers.*dot products/)
})

test('the page fetches only the parts of the binary that run models', async (t) => {
  const page = await playground.open(t)
  await page.locator('.badge').waitFor()
  const names = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => name.split('/').at(-1)),
  )
  const parts = names.filter((name) => name.endsWith('.wasm'))
  assert.deepEqual(parts.map((name) => name.replace(/-[^-]*$/, '')).toSorted(), [
    'lowbit',
    'lowbit-relaxed',
  ])
})

test('the gallery shows flipped images first, filters by class and opens both models’ logits', async (t) => {
  const page = await playground.open(t, {
    hash: '#v=1&model=digits-mlp&weights=tensor&calibration=1',
  })
  await quantize(page)
  const tiles = page.locator('.tile')
  assert.equal(await tiles.count(), 24)
  const flipped = await tiles.evaluateAll((all) => all.map((tile) => tile.matches('.flipped')))
  assert.deepEqual(
    flipped,
    flipped.toSorted((a, b) => Number(b) - Number(a)),
  )
  const counted = /\d+|No/.exec(await page.locator('#gallery-title').textContent())[0]
  assert.equal(flipped.filter(Boolean).length, Math.min(24, Number(counted) || 0))

  await page.getByRole('combobox', { name: 'Show' }).selectOption('7')
  const labels = await page.locator('.tile-label').allTextContents()
  assert.ok(labels.length === 24 && labels.every((label) => label.endsWith('7')))
  await page.getByRole('button', { name: 'Show more' }).click()
  assert.equal(await tiles.count(), 48)

  await tiles.nth(30).click()
  assert.equal(await tiles.nth(30).getAttribute('aria-pressed'), 'true')
  const [, fp32, int8] = /FP32\D*(\d).*INT8\D*(\d)/.exec(await tiles.nth(30).textContent())
  const top = page.locator('.inspector .top')
  await page.waitForFunction(() => document.querySelectorAll('.inspector .top').length === 2)
  const classOf = (cell) => cell.locator('xpath=..').locator('th').textContent()
  await assert.doesNotReject(async () => {
    const winners = await Promise.all((await top.all()).map(classOf))
    assert.deepEqual(winners.toSorted(), [fp32, int8].toSorted())
  })
})

test('both models read a drawn digit', async (t) => {
  const page = await playground.open(t)
  await quantize(page)
  const answer = page.locator('.try-answer')
  assert.match(await answer.textContent(), /blank/)
  const paper = page.getByRole('img', { name: /Paper to draw a digit/ })
  await paper.scrollIntoViewIfNeeded()
  const { x, y, width, height } = await paper.boundingBox()
  await page.mouse.move(x + 0.52 * width, y + 0.15 * height)
  await page.mouse.down()
  await page.mouse.move(x + 0.48 * width, y + 0.85 * height, { steps: 12 })
  await page.mouse.up()
  await page.getByText('FP32 says 1, INT8 says 1.').waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByText('The paper is blank.').waitFor()
})

test('models of clothes take test images in place of drawings', async (t) => {
  const page = await playground.open(t, { hash: '#v=1&model=fashion-mobilenet' })
  await quantize(page)
  assert.equal(await page.locator('.paper').count(), 0)
  await page.getByRole('button', { name: 'Trouser', exact: true }).click()
  await page.getByText(/FP32 says .+, INT8 says .+/).waitFor()
})

test('the quantized model can be taken away, and opened again', async (t) => {
  const page = await playground.open(t)
  await quantize(page)
  const waiting = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the INT8 model' }).click()
  const download = await waiting
  assert.equal(download.suggestedFilename(), 'digits-mlp-int8.onnx')
  const bytes = readFileSync(await download.path())
  // The first field of a ModelProto is its IR version; QDQ operators are named in clear.
  assert.equal(bytes[0], 0x08)
  assert.ok(bytes.includes('QuantizeLinear') && bytes.includes('DequantizeLinear'))
  const { size } = await figuresOf(page, 'INT8 model')
  assert.ok(Math.abs(bytes.length / 1000 - size) < 1, `${bytes.length} bytes, shown as ${size} KB`)
})

test('a job can be cancelled, and the next one runs', async (t) => {
  const page = await playground.open(t)
  await runButton(page).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('Cancelled.').waitFor()
  assert.equal(await page.locator('#verdict-title').count(), 0)
  await quantize(page)
})

test('the address holds the experiment', async (t) => {
  const page = await playground.open(t, {
    hash: '#v=1&model=fashion-resnet&weights=tensor&calibration=32',
  })
  for (const name of [/ResNet/, 'Per tensor', '32']) {
    assert.ok(await page.getByRole('radio', { name, exact: true }).isChecked(), String(name))
  }
  await page.getByText('Per channel').click()
  await page.getByText('MobileNet', { exact: true }).click()
  const changed = '#v=1&model=fashion-mobilenet&weights=channel&calibration=32'
  await page.waitForFunction((hash) => location.hash === hash, changed)
  await page.goto(`${playground.address}#v=1&model=none&weights=none&calibration=7`)
  for (const name of [/LeNet/, 'Per channel', '512']) {
    await page.getByRole('radio', { name, exact: true, checked: true }).waitFor()
  }
})

test('a second run replaces the first, and says when the choice has changed', async (t) => {
  const page = await playground.open(t)
  await quantize(page)
  await page.getByText('Per tensor').click()
  await page.getByText('Press the button again').waitFor()
  await runButton(page).click()
  await page.getByText('digits-mlp, weights per tensor').waitFor()
  await waitForResult(page)
  assert.equal(await page.getByText('Press the button again').count(), 0)
})
