// Makes dist/: the compiled TypeScript, and beside it the WebAssembly module from the build folder, its glue minified:
// Emscripten removes white space only. The licence has to lie in the package's own folder.

import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { minify } from 'rolldown/utils'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(here('dist'), { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [typescript, '--project', here('tsconfig.json')], {
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)
const module = (name) => here(`../../build/wasm/${name}`)
for (const name of ['lowbit.d.ts', 'lowbit.wasm']) copyFileSync(module(name), here(`dist/${name}`))
const glue = await minify('lowbit.js', readFileSync(module('lowbit.js'), 'utf8'), { module: true })
if (glue.errors.length) throw glue.errors[0]
writeFileSync(here('dist/lowbit.js'), glue.code)
copyFileSync(here('../../LICENSE'), here('LICENSE'))
