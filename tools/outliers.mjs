// Shows what observers are for: builds the native program `outliers`, brings the data, and runs it on the zoo's models
// with a Relu. An argument is a folder for the changed models.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { buildPreset } from './build.mjs'
import { cacheFolder, slicePaths } from './data/datasets.mjs'
import { main, projectRoot, run, say } from './lib/run.mjs'
import { setup } from './setup/setup.mjs'

const models = [
  { name: 'digits-lenet', data: 'mnist', slice: 'mnist-calibration' },
  { name: 'fashion-resnet', data: 'fashion-mnist', slice: 'fashion-calibration' },
]

await main(async () => {
  const out = process.argv[2]
  await setup('build')
  await run('node', ['tools/data/fetch.mjs'])
  await buildPreset('native', ['outliers'])
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  try {
    for (const { name, data, slice } of models) {
      say(name)
      const calibration = join(folder, `${slice}.idx3`)
      writeFileSync(calibration, gunzipSync(readFileSync(slicePaths(slice).images)))
      const test = ['test-images.idx3', 'test-labels.idx1'].map((file) =>
        join(cacheFolder(data), file),
      )
      const model = join(projectRoot, 'examples/models', `${name}.onnx`)
      const changed = out ? [join(out, `${name}-outliers.onnx`)] : []
      await run(join(projectRoot, 'build/native/outliers'), [
        model,
        calibration,
        ...test,
        ...changed,
      ])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
