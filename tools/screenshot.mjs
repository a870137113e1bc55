// Takes the README's picture of the built playground: docs/playground.png, after one quantization.

import { join } from 'node:path'
import { launchChromium } from './lib/chromium.mjs'
import { main, projectRoot } from './lib/run.mjs'
import { serve } from './serve.mjs'

await main(async () => {
  const { address, close } = await serve(join(projectRoot, 'web/app/dist'), 0)
  const browser = await launchChromium()
  const page = await browser.newPage({ viewport: { width: 1120, height: 900 } })
  await page.goto(`${address}#v=1&model=fashion-resnet`)
  await page.getByRole('button', { name: 'Quantize to INT8' }).click()
  const verdict = page.locator('#verdict-title')
  await verdict.waitFor({ timeout: 120_000 })
  await verdict.scrollIntoViewIfNeeded()
  await page.waitForTimeout(1000)
  await page.locator('section:has(#verdict-title)').screenshot({
    path: join(projectRoot, 'docs/playground.png'),
  })
  await browser.close()
  await close()
})
