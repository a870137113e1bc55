// Makes dist/: the compiled TypeScript, and beside it the WebAssembly module from the build folder. The licence has to lie
// in the package's own folder.

import { spawnSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(here('dist'), { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [typescript, '--project', here('tsconfig.json')], {
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)
for (const name of ['lowbit.js', 'lowbit.d.ts', 'lowbit.wasm']) {
  copyFileSync(here(`../../build/wasm/${name}`), here(`dist/${name}`))
}
copyFileSync(here('../../LICENSE'), here('LICENSE'))
