// The projects in examples/, each with the installed package, do what they say.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'vite'
import { launchChromium } from '../../tools/lib/chromium.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { serve } from '../../tools/serve.mjs'
import { installPackage, runIn } from './install.mjs'

test('the examples', async (t) => {
  const { app } = installPackage(t)
  const examples = join(app, 'examples')
  cpSync(join(projectRoot, 'examples'), examples, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  })
  const browser = await launchChromium()
  t.after(() => browser.close())
  const open = async (t, folder) => {
    const server = await serve(folder, 0)
    t.after(() => server.close())
    const page = await browser.newPage()
    t.after(() => page.close())
    await page.goto(server.address)
    return page
  }
  const resultOf = async (page, text) => {
    const output = page.locator('output')
    await output.filter({ hasText: text }).waitFor()
    return output.textContent()
  }

  await t.test('node', () => {
    const output = runIn(join(examples, 'node'), 'node', ['--no-warnings', 'quantize.js'])
    const file = readFileSync(join(examples, 'node/digits-int8.onnx'))
    assert.match(output, /^FP32: 546749 bytes, 99\.\d+ % right\nINT8: \d+ bytes, 99\.\d+ % right\n/)
    assert.ok(output.includes(`INT8: ${file.length} bytes`), output)
    assert.match(output, /same class for (199\d|2000) of 2000 images\.\n$/)
  })

  await t.test('vite', async (t) => {
    const root = join(examples, 'vite')
    await build({ root, logLevel: 'error' })
    const page = await open(t, join(root, 'dist'))
    assert.match(
      await resultOf(page, 'became'),
      /^546749 bytes became 1\d{5}, with kernels of relaxed\.$/,
    )
  })

  await t.test('html', async (t) => {
    const folder = join(examples, 'html')
    symlinkSync(join(app, 'node_modules'), join(folder, 'node_modules'))
    const page = await open(t, folder)
    const input = page.getByLabel('An ONNX model')
    await input.setInputFiles(join(examples, 'models/digits-mlp.onnx'))
    assert.match(await resultOf(page, 'became'), /^546749 bytes became 1\d{5} bytes$/)
    await input.setInputFiles(join(examples, 'README.md'))
    assert.match(await resultOf(page, '('), /\(byte \d+\)$/)
  })
})
