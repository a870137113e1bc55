// Formats all code, or with --check only says what is not formatted: C++ with clang-format, the rest
// with Biome, which lints as well.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findProgram, main, projectRoot, run, say } from './lib/run.mjs'
import { clangFormat } from './setup/needs.mjs'

function cppFiles() {
  return ['src', 'tests', 'tools', 'examples'].flatMap((top) => {
    try {
      return readdirSync(join(projectRoot, top), { recursive: true })
        .filter((name) => /\.(cpp|h)$/.test(name))
        .map((name) => join(top, name))
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
      return []
    }
  })
}

/** Formats everything in place, or where `check` is set fails if anything would change. */
export async function format({ check }) {
  if (findProgram(clangFormat)) {
    await run(clangFormat, [
      ...(check ? ['--dry-run', '-Werror', '--ferror-limit=20'] : ['-i']),
      ...cppFiles(),
    ])
  } else {
    say(`The C++ formatting is left alone: there is no ${clangFormat} here.`)
  }
  const biome = join(projectRoot, 'node_modules/.bin/biome')
  const strict = ['--error-on-warnings']
  await run(biome, check ? ['check', ...strict, '.'] : ['check', '--write', '.'])
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => format({ check: process.argv.includes('--check') }))
}
