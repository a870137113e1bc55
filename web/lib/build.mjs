// Makes dist/: the compiled TypeScript, and beside it from the build folder the two WebAssembly binaries, each in two parts, and the glue that
// serves both, minified: Emscripten removes white space only. The licence has to lie in the package's own folder.

import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { minify } from 'rolldown/utils'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(here('dist'), { recursive: true, force: true })
for (const project of ['tsconfig.json', 'tsconfig.cli.json']) {
  const compile = [typescript, '--project', here(project)]
  const { status } = spawnSync(process.execPath, compile, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
const built = (name) => here(`../../build/wasm/${name}`)
copyFileSync(built('simd128/whole/lowbit.d.ts'), here('dist/lowbit.d.ts'))
for (const [tier, name] of [
  ['simd128', 'lowbit'],
  ['relaxed', 'lowbit-relaxed'],
]) {
  copyFileSync(built(`${tier}/lowbit.wasm`), here(`dist/${name}.wasm`))
  copyFileSync(built(`${tier}/lowbit-quantize.wasm`), here(`dist/${name}-quantize.wasm`))
}
const source = readFileSync(built('simd128/whole/lowbit.js'), 'utf8')
if (readFileSync(built('relaxed/whole/lowbit.js'), 'utf8') !== source) {
  throw new Error('The two binaries need different glue; lowbit.js can serve only one of them.')
}
const glue = await minify('lowbit.js', source, { module: true })
if (glue.errors.length) throw glue.errors[0]
writeFileSync(here('dist/lowbit.js'), glue.code)
copyFileSync(here('../../LICENSE'), here('LICENSE'))
