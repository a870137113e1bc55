// Checks the house rules that a compiler does not: which room of src/ may include which, that platform
// headers stay in their one place, that files stay short and that no unfinished mark is left behind.
// With --mermaid it prints the graph of the rooms as they are.

import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, posix, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure, main, projectRoot, say } from './lib/run.mjs'

const belowEngine = ['kernels', 'graph', 'qmath', 'tensor', 'base']
const belowApi = ['engine', ...belowEngine]

/** Which other rooms each room of src/ may include. */
export const mayInclude = {
  base: [],
  tensor: ['base'],
  qmath: ['tensor', 'base'],
  graph: ['qmath', 'tensor', 'base'],
  // Kernels see tensors, shapes and quantization parameters, never a Graph.
  kernels: ['qmath', 'tensor', 'base'],
  engine: belowEngine,
  compare: belowApi,
  quantize: belowApi,
  train: belowApi,
  analysis: ['compare', 'quantize', ...belowApi],
  formats: ['engine', 'graph', 'qmath', 'tensor', 'base'],
  api: ['analysis', 'compare', 'quantize', 'train', 'formats', ...belowApi],
  bindings: ['api', 'analysis', 'compare', 'quantize', 'train', 'formats', ...belowApi],
}

const platformHeaders = [
  { pattern: /^emscripten/, home: 'src/bindings/' },
  { pattern: /^(wasm_simd128\.h|simde\/)/, home: 'src/kernels/simd.h' },
]

const maximumLines = 500
const codeExtensions = ['.cpp', '.h', '.inc', '.ts', '.tsx', '.mjs', '.css', '.html']
const unfinishedMark = /\b(?:TO{1}DO|FIX{1}ME)\b/

const includesOf = (text) => [...text.matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)]
const roomOf = (path) => (path.startsWith('src/') ? path.split('/')[1] : undefined)

function includeProblems(path, text, files) {
  const problems = []
  const room = roomOf(path)
  if (!(room in mayInclude)) return [`${path}: src/${room} is not a room of the house`]
  for (const [, quote, header] of includesOf(text)) {
    if (quote === '<') {
      const platform = platformHeaders.find(({ pattern }) => pattern.test(header))
      if (platform && !path.startsWith(platform.home)) {
        problems.push(`${path}: <${header}> belongs in ${platform.home} only`)
      }
    } else if (!files.has(posix.join('src', header))) {
      problems.push(`${path}: "${header}" is not a file below src/`)
    } else {
      const other = header.split('/')[0]
      if (other !== room && !mayInclude[room].includes(other)) {
        problems.push(`${path}: ${room} may not include ${header}`)
      }
    }
  }
  return problems
}

/** The broken rules, one line each, of `files`: a map from path (with /) to text. */
export function problemsOf(files) {
  const problems = []
  for (const [path, text] of files) {
    if (path.startsWith('src/')) problems.push(...includeProblems(path, text, files))
    const lines = text.split('\n')
    const lineCount = lines.length - (lines.at(-1) === '' ? 1 : 0)
    if (lineCount > maximumLines) {
      problems.push(`${path}: ${lineCount} lines, more than ${maximumLines}`)
    }
    lines.forEach((line, index) => {
      if (unfinishedMark.test(line))
        problems.push(`${path}:${index + 1}: unfinished: ${line.trim()}`)
    })
  }
  return problems
}

/** The rooms' graph in Mermaid's notation, without the arrows that a longer path implies. */
export function mermaidOf(files) {
  const edges = new Map(Object.keys(mayInclude).map((room) => [room, new Set()]))
  for (const [path, text] of files) {
    const room = roomOf(path)
    for (const [, quote, header] of includesOf(text)) {
      const other = header.split('/')[0]
      if (room && quote === '"' && other !== room && edges.has(other)) edges.get(room)?.add(other)
    }
  }
  const reaches = (from, to) =>
    edges.get(from).has(to) || [...edges.get(from)].some((next) => reaches(next, to))
  const lines = ['graph TD']
  for (const [room, others] of edges) {
    for (const other of others) {
      const isImplied = [...others].some((via) => via !== other && reaches(via, other))
      if (!isImplied) lines.push(`  ${room} --> ${other}`)
    }
  }
  return lines.join('\n')
}

function readCode() {
  const files = new Map()
  for (const top of ['src', 'web', 'tests', 'tools', 'examples']) {
    collect(join(projectRoot, top), files)
  }
  return files
}

function collect(folder, files) {
  let entries = []
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!['node_modules', 'dist', 'build'].includes(entry.name)) collect(path, files)
    } else if (codeExtensions.includes(extname(entry.name))) {
      files.set(relative(projectRoot, path).replaceAll('\\', '/'), readFileSync(path, 'utf8'))
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => {
    const files = readCode()
    if (process.argv.includes('--mermaid')) return say(mermaidOf(files))
    const problems = problemsOf(files)
    if (problems.length) throw new Failure(problems.join('\n'))
    say(`${files.size} files keep the house rules.`)
  })
}
