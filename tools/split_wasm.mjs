// Splits a WebAssembly binary in two: what a page needs to load and run models, and all the rest, which it downloads when
// it first needs it. Both share one memory and one table; until the second part is there, its places in the table are empty.
//
//   node tools/split_wasm.mjs --binaryen FOLDER --whole WHOLE.wasm --run RUN.wasm FIRST.wasm SECOND.wasm
//
// RUN is a program of the same sources that only loads and runs models: the linker has put into it what that takes. The first
// part keeps these functions of WHOLE, and those that they call directly: the optimizer may have made one of several. Both
// files must have the linker's own names, and the optimizer must not have merged equal functions in WHOLE, one of which may
// belong to either part.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const option = { type: 'string' }
const { values: files, positionals } = parseArgs({
  options: { binaryen: option, whole: option, run: option },
  allowPositionals: true,
})
const [first, second] = positionals

// What the binaries may use: the optimizer makes use of all that it is allowed.
const features = [
  'bulk-memory',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types', // for places in the table that are empty
  'relaxed-simd',
  'sign-ext',
  'simd',
].map((name) => `--enable-${name}`)

const binaryen = (program, args) =>
  execFileSync(join(files.binaryen, 'bin', program), [...features, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })

/** Each function with those that it calls directly, and those that are exported. */
function readCallGraph(file) {
  const calls = new Map()
  const exported = []
  for (const line of binaryen('wasm-opt', ['--print-call-graph', file, '-o', devNull]).split(
    '\n',
  )) {
    const call = /^ {2}"(.+)" -> "(.+)"; \/\/ call$/.exec(line)
    if (call) calls.get(call[1])?.push(call[2])
    const [, name, colour] =
      /^ {2}"(.+)" \[style="filled", fillcolor="(white|gray)"\];$/.exec(line) ?? []
    if (name) calls.set(name, [])
    if (colour === 'gray') exported.push(name)
  }
  return { calls, exported }
}

/** The linker numbers functions of one name in different files. */
const withoutNumber = (name) => name.replace(/[._]\d+$/, '')

const { calls, exported } = readCallGraph(files.whole)
const needed = new Set([...readCallGraph(files.run).calls.keys()].map(withoutNumber))
const kept = new Set()
function keep(name) {
  if (kept.has(name) || !calls.has(name)) return
  kept.add(name)
  calls.get(name).forEach(keep)
}
exported.forEach(keep)
for (const name of calls.keys()) {
  // Embind calls what registers the bindings of either part at the start.
  if (needed.has(withoutNumber(name)) || name.includes('embind_init_')) keep(name)
}

const moved = [...calls.keys()].filter((name) => !kept.has(name))
const list = `${second}.functions.txt`
writeFileSync(list, `${moved.join('\n')}\n`)
const split = ['--split-funcs', `@${list}`, '--no-placeholders', '--import-namespace=lowbit']
binaryen('wasm-split', [files.whole, ...split, '--export-prefix=_', '-o1', first, '-o2', second])
for (const file of [first, second])
  binaryen('wasm-opt', ['-Oz', '--strip-debug', '--strip-producers', file, '-o', file])
