// Makes dist/: the compiled TypeScript, and beside it from the build folder the WebAssembly binary in its three parts and their
// glue, minified: Emscripten removes white space only. inlined.js has all that once more as text, for the entry point `lowbit/inline`.
// The licence has to lie in the package's own folder.

import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { minify } from 'rolldown/utils'
import { pack } from './pack.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const built = (name) => here(`../../build/wasm/${name}`)
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

async function minified(file, code, options) {
  const result = await minify(file, code, { module: true, ...options })
  if (result.errors.length) throw result.errors[0]
  return result.code
}

rmSync(here('dist'), { recursive: true, force: true })
for (const project of ['tsconfig.json', 'tsconfig.cli.json']) {
  const compile = [typescript, '--project', here(project)]
  const { status } = spawnSync(process.execPath, compile, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

const compiled = readdirSync(here('dist'), { recursive: true })

// Of the types, those that callers can reach. A set that grows is walked to its end.
const publicTypes = new Set(['index.d.ts', 'inline.d.ts', 'worker.d.ts'])
for (const file of publicTypes) {
  const imported = readFileSync(here(`dist/${file}`), 'utf8').matchAll(/from '\.\/(\w+)\.js'/g)
  for (const [, name] of imported) publicTypes.add(`${name}.d.ts`)
}
for (const file of compiled) {
  if (file.endsWith('.d.ts') && !publicTypes.has(file)) rmSync(here(`dist/${file}`))
}

// The names of functions and classes stay, for stack traces; beside.js stays as it is, for bundlers look for its addresses.
for (const file of compiled) {
  if (!file.endsWith('.js') || file === 'beside.js') continue
  const path = here(`dist/${file}`)
  const code = readFileSync(path, 'utf8')
  const shorter = await minified(file, code, { compress: false, mangle: { toplevel: false } })
  // Where there were only types, nothing is left, and nobody imports it.
  if (shorter === 'export{};') rmSync(path)
  else writeFileSync(path, shorter)
}
const glue = readFileSync(built('whole/lowbit.js'), 'utf8')
writeFileSync(here('dist/lowbit.js'), await minified('lowbit.js', glue))

const bundle = await rolldown({ input: here('dist/worker.js') })
const { output } = await bundle.generate({ format: 'iife', minify: true })

// In the order in which they are needed: they are unpacked only so far.
const parts = []
const places = {}
let byteCount = 0
for (const [part, file] of [
  ['run', 'lowbit.wasm'],
  ['relaxed', 'lowbit-relaxed.wasm'],
  ['quantize', 'lowbit-quantize.wasm'],
]) {
  copyFileSync(built(`parts/${file}`), here(`dist/${file}`))
  const bytes = readFileSync(here(`dist/${file}`))
  places[part] = { start: byteCount, end: byteCount + bytes.length }
  byteCount += bytes.length
  parts.push(bytes)
}
const packed = pack(Buffer.concat(parts)).toString('base64')
const inlined = { packed, byteCount, places, worker: output[0].code.trim() }
const lines = Object.entries(inlined).map(
  ([name, value]) => `export const ${name} = ${JSON.stringify(value)}\n`,
)
writeFileSync(here('dist/inlined.js'), lines.join(''))
copyFileSync(here('../../LICENSE'), here('LICENSE'))
