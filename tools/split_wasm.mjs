// Splits a WebAssembly binary in three: what a page needs to load and run models, all the rest, which it downloads when it
// first needs it, and the kernels in relaxed SIMD, which it downloads where its engine knows these instructions. All share one
// memory and one table; until a part is there, its places in the table are empty.
//
//   node tools/split_wasm.mjs --binaryen FOLDER --whole WHOLE.wasm --run RUN.wasm --plain PLAIN.wasm RUNS REST RELAXED
//
// RUN is a program of the same sources that only loads and runs models of common operators, PLAIN one that does everything without relaxed SIMD: the
// linker has put into each what that takes. The first part keeps RUN's functions of WHOLE, and those that they call directly:
// the optimizer may have made one of several. Whatever PLAIN lacks is relaxed. All files must have the linker's own names, and the
// optimizer must not have merged equal functions in WHOLE, one of which may belong to another part. At last the functions of each
// part get an order in which they compress better.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { orderFunctions } from './function_order.mjs'

const option = { type: 'string' }
const { values: files, positionals } = parseArgs({
  options: { binaryen: option, whole: option, run: option, plain: option },
  allowPositionals: true,
})
const [first, rest, relaxed] = positionals

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

const namesIn = (file) => new Set([...readCallGraph(file).calls.keys()].map(withoutNumber))

/** The functions of a file that hold an instruction which an engine may lack. */
function findRelaxed(file) {
  const found = new Set()
  let name = ''
  for (const line of binaryen('wasm-opt', ['--print', file, '-o', devNull]).split('\n')) {
    name = /^ \(func \$(\S+)/.exec(line)?.[1] ?? name
    if (/\.relaxed_|\.dot_i8x16_i7x16/.test(line)) found.add(name)
  }
  return found
}

/**
 * Moves functions of `file` to the part `second`, whose imports come from exports of `first` that start with `prefix`. Gives
 * the names of the functions of `first`, which itself has none (else its new exports had long names, too), in their order.
 */
function split(file, functions, prefix, first, second) {
  const list = `${second}.functions.txt`
  writeFileSync(list, `${functions.join('\n')}\n`)
  const how = ['--no-placeholders', '--import-namespace=lowbit', `--export-prefix=${prefix}`]
  const outputs = ['--symbolmap', '-o1', first, '-o2', second]
  binaryen('wasm-split', [file, '--split-funcs', `@${list}`, ...how, ...outputs])
  const symbols = readFileSync(`${first}.symbols`, 'utf8').trim().split('\n')
  return symbols.map((line) => line.slice(line.indexOf(':') + 1))
}

const { calls, exported } = readCallGraph(files.whole)
const plain = namesIn(files.plain)
const holdsRelaxed = findRelaxed(files.whole)
/** The optimizer gives functions that it makes a number for a name. */
const isMade = (name) => /^\d+$/.test(name)
const relaxedFunctions = [...calls.keys()].filter(
  (name) => holdsRelaxed.has(name) || !(isMade(name) || plain.has(withoutNumber(name))),
)

const needed = namesIn(files.run)
const isRelaxed = new Set(relaxedFunctions)
const kept = new Set()
function keep(name) {
  if (kept.has(name) || isRelaxed.has(name) || !calls.has(name)) return
  kept.add(name)
  calls.get(name).forEach(keep)
}
exported.forEach(keep)
for (const name of calls.keys()) {
  // Embind calls what registers the bindings of any part at the start.
  if (needed.has(withoutNumber(name)) || name.includes('embind_init_')) keep(name)
}
// What relaxed kernels call has to be there where the rest is not.
for (const name of relaxedFunctions) calls.get(name).forEach(keep)

const withoutRelaxed = `${first}.both`
const functions = split(files.whole, relaxedFunctions, '$', withoutRelaxed, relaxed)
// In a file without names a function is called by its number, from the first that is not imported. What the first split added
// to it leads to relaxed functions, and stays.
const defined = functions.slice(functions.findIndex((name) => calls.has(name)))
const belongsElsewhere = (name) => calls.has(name) && !kept.has(name)
const moved = [...defined.keys()].filter((number) => belongsElsewhere(defined[number]))
split(withoutRelaxed, moved, '_', first, rest)
for (const file of positionals) {
  binaryen('wasm-opt', ['-Oz', '--strip-debug', '--strip-producers', file, '-o', file])
  const text = `${file}.wat`
  writeFileSync(text, orderFunctions(binaryen('wasm-opt', ['--print', file, '-o', devNull])))
  binaryen('wasm-opt', ['-Oz', text, '-o', file])
}
