// Builds what a visitor gets: the WebAssembly binaries, the npm package and the page.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main, projectRoot, run, runQuietly } from './lib/run.mjs'
import { setup } from './setup/setup.mjs'

// Each of Emscripten's commands starts Python. A version manager in front of it takes as long again as Python itself.
const python = '/usr/bin/python3'
const env = existsSync(python) ? { EMSDK_PYTHON: python, ...process.env } : process.env

/** Configures and builds one CMake preset, wholly or only the targets named. */
export async function buildPreset(preset, targets = [], definitions = []) {
  await runQuietly(`Configuring ${preset}`, 'cmake', ['--preset', preset, ...definitions])
  const chosen = targets.length ? ['--target', ...targets] : []
  await run('cmake', ['--build', '--preset', preset, ...chosen], { env })
}

async function buildWorkspace(folder) {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, folder, 'package.json'), 'utf8'))
  if (scripts?.build) await run('npm', ['run', 'build', '--workspace', folder])
}

/** Builds the binaries, the npm package and the page, in that order. */
export async function buildWeb() {
  await buildPreset('wasm', ['lowbit_wasm'])
  await buildWorkspace('web/lib')
  await buildWorkspace('web/app')
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await setup('build')
    await buildWeb()
  })
}
