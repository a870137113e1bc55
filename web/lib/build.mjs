// Makes dist/: the compiled TypeScript, and beside it from the build folder the two WebAssembly binaries and the glue that
// serves both. The licence has to lie in the package's own folder.

import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(here('dist'), { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [typescript, '--project', here('tsconfig.json')], {
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)
const built = (name) => here(`../../build/wasm/${name}`)
for (const name of ['lowbit.js', 'lowbit.d.ts', 'lowbit.wasm']) {
  copyFileSync(built(name), here(`dist/${name}`))
}
if (!readFileSync(built('relaxed/lowbit.js')).equals(readFileSync(built('lowbit.js')))) {
  throw new Error('The two binaries need different glue; lowbit.js can serve only one of them.')
}
copyFileSync(built('relaxed/lowbit.wasm'), here('dist/lowbit-relaxed.wasm'))
copyFileSync(here('../../LICENSE'), here('LICENSE'))
