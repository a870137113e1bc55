// Makes dist/: the compiled TypeScript, and beside it from the build folder the WebAssembly binary in its three parts and their
// glue, minified: Emscripten removes white space only. inlined.js has all that once more as text, for the entry point `lowbit/inline`.
// The licence has to lie in the package's own folder.

import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { minify } from 'rolldown/utils'
import { pack } from './pack.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(here('dist'), { recursive: true, force: true })
for (const project of ['tsconfig.json', 'tsconfig.cli.json']) {
  const compile = [typescript, '--project', here(project)]
  const { status } = spawnSync(process.execPath, compile, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
const built = (name) => here(`../../build/wasm/${name}`)
copyFileSync(built('plain/lowbit.d.ts'), here('dist/lowbit.d.ts'))
const glue = await minify('lowbit.js', readFileSync(built('whole/lowbit.js'), 'utf8'), {
  module: true,
})
if (glue.errors.length) throw glue.errors[0]
writeFileSync(here('dist/lowbit.js'), glue.code)

const bundle = await rolldown({ input: here('dist/worker.js') })
const { output } = await bundle.generate({ format: 'iife', minify: true })
const inlined = { worker: output[0].code.trim() }
for (const [part, file] of [
  ['run', 'lowbit.wasm'],
  ['quantize', 'lowbit-quantize.wasm'],
  ['relaxed', 'lowbit-relaxed.wasm'],
]) {
  copyFileSync(built(`parts/${file}`), here(`dist/${file}`))
  const bytes = readFileSync(here(`dist/${file}`))
  inlined[part] = { byteCount: bytes.length, base64: pack(bytes).toString('base64') }
}
const lines = Object.entries(inlined).map(
  ([name, value]) => `export const ${name} = ${JSON.stringify(value)}\n`,
)
writeFileSync(here('dist/inlined.js'), lines.join(''))
copyFileSync(here('../../LICENSE'), here('LICENSE'))
