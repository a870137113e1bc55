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

/** Formats the C++ in place, or where `check` is set fails if anything would change. */
export async function formatCpp({ check }) {
  if (!findProgram(clangFormat)) {
    say(`The C++ formatting is left alone: there is no ${clangFormat} here.`)
    return
  }
  const mode = check ? ['--dry-run', '-Werror', '--ferror-limit=20'] : ['-i']
  await run(clangFormat, [...mode, ...cppFiles()])
}

/** The same for TypeScript, JavaScript, CSS and JSON, which are linted too. */
export async function formatWeb({ check }) {
  const mode = check ? ['--error-on-warnings'] : ['--write']
  await run(join(projectRoot, 'node_modules/.bin/biome'), ['check', ...mode, '.'])
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const options = { check: process.argv.includes('--check') }
    await formatCpp(options)
    await formatWeb(options)
  })
}
