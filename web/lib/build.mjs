// Makes dist/: the compiled TypeScript, and beside it from the build folder the two WebAssembly binaries and the glue that
// serves both, minified: Emscripten removes white space only. The licence has to lie in the package's own folder.

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
const built = (name) => here(`../../build/wasm/${name}`)
for (const name of ['lowbit.d.ts', 'lowbit.wasm']) copyFileSync(built(name), here(`dist/${name}`))
copyFileSync(built('relaxed/lowbit.wasm'), here('dist/lowbit-relaxed.wasm'))
const source = readFileSync(built('lowbit.js'), 'utf8')
if (readFileSync(built('relaxed/lowbit.js'), 'utf8') !== source) {
  throw new Error('The two binaries need different glue; lowbit.js can serve only one of them.')
}
const glue = await minify('lowbit.js', source, { module: true })
if (glue.errors.length) throw glue.errors[0]
writeFileSync(here('dist/lowbit.js'), glue.code)
copyFileSync(here('../../LICENSE'), here('LICENSE'))
