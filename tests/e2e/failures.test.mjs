// What goes wrong is said in place, typed and short, and the next press works.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { quantize, runButton, startPlayground, zooFile } from './playground.mjs'

let playground
before(async () => {
  playground = await startPlayground()
})
after(() => playground.close())

const openFile = (page, buffer) =>
  page
    .locator('input[type=file]')
    .setInputFiles({ name: 'mine.onnx', mimeType: 'application/octet-stream', buffer })

function replaced(bytes, from, to) {
  const at = bytes.indexOf(Buffer.from(from))
  assert.ok(at >= 0, 'the model holds what the test replaces')
  const copy = Buffer.from(bytes)
  Buffer.from(to).copy(copy, at)
  return copy
}

const onePixel = [0x0a, 2, 8, 1]
const dimension = (extent) => [0x0a, 2, 8, extent]

const cases = [
  {
    name: 'a truncated file',
    bytes: () => zooFile('digits-mlp').subarray(0, 900),
    code: /INVALID_MODEL/,
  },
  {
    name: 'a file of another kind',
    bytes: () => Buffer.from('not a model'),
    code: /INVALID_MODEL/,
  },
  {
    name: 'an operator that is not known',
    bytes: () => replaced(zooFile('digits-lenet'), 'MaxPool', 'MadPool'),
    code: /UNSUPPORTED_OPERATOR/,
  },
  {
    name: 'an input of another shape',
    bytes: () =>
      replaced(
        zooFile('fashion-resnet'),
        [...onePixel, ...dimension(28), ...dimension(28)],
        [...onePixel, ...dimension(32), ...dimension(32)],
      ),
    code: /SHAPE_MISMATCH/,
  },
]

for (const { name, bytes, code } of cases) {
  test(`${name} is refused in place, and the next press works`, async (t) => {
    const page = await playground.open(t)
    await openFile(page, bytes())
    await page.getByText('mine.onnx').waitFor()
    await runButton(page).click()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    const text = await alert.textContent()
    assert.match(text, code)
    assert.ok(text.length < 300, text)
    await page.getByText('Perceptron', { exact: true }).click()
    assert.equal(await alert.count(), 0)
    await quantize(page)
  })
}

test('a file of one’s own runs like the zoo’s, with the images chosen', async (t) => {
  const page = await playground.open(t)
  await openFile(page, zooFile('digits-mlp'))
  await quantize(page)
  await page.getByText('mine.onnx, weights per channel').waitFor()
})

test('a model that the server does not have is named', async (t) => {
  const page = await playground.open(t, { expected: /status of 500/ })
  await page.route('**/digits-mlp*.onnx', (route) => route.fulfill({ status: 500, body: '' }), {
    times: 1,
  })
  await runButton(page).click()
  await page.getByRole('alert').waitFor()
  assert.match(await page.getByRole('alert').textContent(), /LOAD_FAILED.*digits-mlp/)
  await quantize(page)
})
