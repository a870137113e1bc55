// Keyboard, screen reader, small screens, both themes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { quantize, runButton, startPlayground, waitForResult } from './playground.mjs'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

let playground
before(async () => {
  playground = await startPlayground()
})
after(() => playground.close())

async function violations(page) {
  await page.evaluate(axeSource)
  const results = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  )
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)
}

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing in the ${colorScheme} theme, before and after a run`, async (t) => {
    const page = await playground.open(t, { colorScheme })
    assert.equal(await page.locator('html').getAttribute('data-theme'), colorScheme)
    assert.deepEqual(await violations(page), [])
    await quantize(page)
    await page.getByText('The same as a table').click()
    assert.deepEqual(await violations(page), [])
  })
}

test('the theme can be switched and is remembered', async (t) => {
  const page = await playground.open(t, { colorScheme: 'light' })
  await page.getByRole('button', { name: 'Dark theme' }).click()
  await page.reload()
  await page.getByRole('button', { name: 'Dark theme', pressed: true }).waitFor()
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
})

test('every canvas and chart has a name or is decoration beside text', async (t) => {
  const page = await playground.open(t)
  await quantize(page)
  const unnamed = await page
    .locator('canvas, main svg, .chart')
    .evaluateAll((all) =>
      all
        .filter((e) => !e.closest('[aria-hidden=true]') && !e.closest('[role=img][aria-label]'))
        .map((e) => e.outerHTML.slice(0, 200)),
    )
  assert.deepEqual(unnamed, [])
  await page
    .getByRole('img', { name: /signal-to-quantization-noise ratio of \d+ layers/ })
    .waitFor()
  const tile = page.locator('.tile').first()
  assert.match(
    await tile.textContent(),
    /Image of: \d.*FP32 \d.*(right|wrong).*INT8 \d.*(right|wrong)/,
  )
})

for (const width of [360, 768]) {
  test(`nothing scrolls sideways at ${width} pixels`, async (t) => {
    const page = await playground.open(t, {
      viewport: { width, height: 740 },
      hash: '#model=fashion-mobilenet',
    })
    const overflow = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
    assert.equal(await overflow(), 0)
    await quantize(page)
    await page.getByText('The same as a table').click()
    assert.equal(await overflow(), 0)
  })
}

async function tabTo(page, locator) {
  for (let presses = 0; presses < 80; ++presses) {
    await page.keyboard.press('Tab')
    if (await locator.evaluate((element) => element === document.activeElement)) return
  }
  assert.fail(`the keyboard does not reach ${locator}`)
}

test('the whole way works with the keyboard alone', async (t) => {
  const page = await playground.open(t)
  await tabTo(page, page.getByRole('radio', { name: /Perceptron/ }))
  const card = await page.locator('.model-card').first().boundingBox()
  assert.ok(card.y + card.height <= 900, 'the whole card is in view')
  await page.keyboard.press('ArrowRight')
  assert.ok(await page.getByRole('radio', { name: /LeNet/ }).isChecked())
  await page.keyboard.press('ArrowLeft')
  await tabTo(page, page.getByRole('radio', { name: 'Per channel' }))
  await page.keyboard.press('ArrowRight')
  assert.ok(await page.getByRole('radio', { name: 'Per tensor' }).isChecked())
  await tabTo(page, page.getByRole('radio', { name: '512' }))
  await page.keyboard.press('ArrowLeft')
  assert.ok(await page.getByRole('radio', { name: '128' }).isChecked())

  await tabTo(page, runButton(page))
  const outline = await runButton(page).evaluate((button) => getComputedStyle(button).outlineStyle)
  assert.equal(outline, 'solid', 'the focus is visible')
  await page.keyboard.press('Enter')
  // The same button cancels, so that the focus is not lost.
  await page.getByRole('button', { name: 'Cancel' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByText('Cancelled.').waitFor()
  await page.keyboard.press('Enter')
  await waitForResult(page)
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'verdict-title')
  await page.getByText('digits-mlp, weights per tensor, 128 calibration images').waitFor()

  await tabTo(page, page.getByRole('button', { name: 'Download the INT8 model' }))
  const download = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  await download
  await tabTo(page, page.locator('.tile').nth(2))
  await page.keyboard.press('Space')
  assert.equal(await page.locator('.tile').nth(2).getAttribute('aria-pressed'), 'true')
  await tabTo(page, page.getByRole('button', { name: '4', exact: true }))
  await page.keyboard.press('Enter')
  await page.getByText(/FP32 says \d, INT8 says \d/).waitFor()
})

test('progress is announced by stage, and measured by a named bar', async (t) => {
  const page = await playground.open(t)
  const seen = page.evaluate(
    () =>
      new Promise((resolve) => {
        const stages = new Set()
        let hasBar = false
        const observer = new MutationObserver(() => {
          const status = document.querySelector('.action [role=status]')?.textContent ?? ''
          if (status) stages.add(status)
          hasBar ||= !!document.querySelector('progress[aria-label]')
          if (document.querySelector('#verdict-title')) {
            observer.disconnect()
            resolve({ stages: [...stages], hasBar })
          }
        })
        observer.observe(document.body, { subtree: true, childList: true, characterData: true })
      }),
  )
  await quantize(page)
  const { stages, hasBar } = await seen
  assert.ok(hasBar)
  for (const stage of ['Calibrating', 'Comparing', 'Timing']) {
    assert.ok(
      stages.some((text) => text.startsWith(stage)),
      `${stage} among ${stages}`,
    )
  }
})
