// Runs a native program that makes something of models of the zoo and measures it: builds it and brings the data.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { buildPreset } from '../build.mjs'
import { cacheFolder, slicePaths } from '../data/datasets.mjs'
import { setup } from '../setup/setup.mjs'
import { projectRoot, run, say } from './run.mjs'

/**
 * Calls `program MODEL CALIBRATION IMAGES LABELS [CHANGED]` for each of `models`: { name, data, slice }. With a folder
 * `out`, the changed models are written there as NAME-PROGRAM.onnx.
 */
export async function runOnZoo(program, models, out) {
  await setup('build')
  await run('node', ['tools/data/fetch.mjs'])
  await buildPreset('native', [program])
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
      const changed = out ? [join(out, `${name}-${program}.onnx`)] : []
      await run(join(projectRoot, 'build/native', program), [
        model,
        calibration,
        ...test,
        ...changed,
      ])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
