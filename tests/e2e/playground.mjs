// Serves the built page and opens it in Chromium; what several browser tests ask of it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchChromium } from '../../tools/lib/chromium.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { serve } from '../../tools/serve.mjs'

/** A whole run of the largest model on a slow, shared machine. */
const runTimeout_ms = 300_000

export const zooFile = (name) => readFileSync(join(projectRoot, `examples/models/${name}.onnx`))

/** The experiment that takes least time; for the tests that any would do for. */
const quickest = '#v=1&model=digits-mlp&weights=channel&calibration=512'

/**
 * Opens pages for the tests of one file. `open` gives a page that fails the test on any message of the console, a broken
 * security policy among them, unless it is `expected`.
 */
export async function startPlayground() {
  const server = await serve(join(projectRoot, 'web/app/dist'), 0)
  const browser = await launchChromium()
  return {
    address: server.address,
    async open(t, { hash = quickest, expected, ...options } = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        acceptDownloads: true,
        ...options,
      })
      const page = await context.newPage()
      page.setDefaultTimeout(runTimeout_ms)
      const messages = []
      page.on('console', (message) => {
        if (!expected?.test(message.text())) messages.push(message.text())
      })
      page.on('pageerror', (error) => messages.push(String(error)))
      const foreign = []
      page.on('request', (request) => {
        const url = request.url()
        if (!url.startsWith(server.address) && !/^(blob|data):/.test(url)) foreign.push(url)
      })
      t.after(async () => {
        await context.close()
        assert.deepEqual(messages, [], 'the console stays empty')
        assert.deepEqual(foreign, [], 'nothing is asked of another server')
      })
      await page.goto(`${server.address}${hash}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      return page
    },
    async close() {
      await browser.close()
      await server.close()
    },
  }
}

export const runButton = (page) => page.getByRole('button', { name: 'Quantize to INT8' })

/** Waits until a run is over and its result shown. */
export async function waitForResult(page) {
  await runButton(page).waitFor()
  assert.equal(await page.getByRole('alert').count(), 0, 'no failure is shown')
  await page.locator('#verdict-title').waitFor()
}

export async function quantize(page) {
  await runButton(page).click()
  await waitForResult(page)
}

/** The figures of a card, as numbers: accuracy in %, size in KB, time in ms. */
export async function figuresOf(page, name) {
  const card = page.getByRole('region', { name })
  const texts = await card.locator('.figure-value').allTextContents()
  const [accuracy, size, time] = texts.map((text) => Number.parseFloat(text.replace('−', '-')))
  assert.match(texts[1], /KB$/)
  return { accuracy, size, time }
}
