// Puts the table of a run of the benchmark into the README: node tests/bench/readme_table.mjs FILE, where FILE is what
// `npm run bench -- --json FILE` wrote.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, main, projectRoot } from '../../tools/lib/run.mjs'
import { readmeTable } from './report.mjs'

const [begin, end] = ['<!-- bench -->', '<!-- /bench -->']

/** The text with everything between the two marks replaced. */
export function replaceBlock(text, block) {
  const [before, ...rest] = text.split(begin)
  const [, after, ...more] = rest.join(begin).split(end)
  if (rest.length !== 1 || after === undefined || more.length)
    throw new Failure(`The README needs one ${begin} and one ${end} behind it.`)
  return `${before}${begin}\n\n${block}\n\n${end}${after}`
}

if (process.argv[1] === import.meta.filename) {
  await main(() => {
    const [file] = process.argv.slice(2)
    if (!file) throw new Failure('Name the JSON file of a run.')
    const readme = join(projectRoot, 'README.md')
    const table = readmeTable(JSON.parse(readFileSync(file, 'utf8')))
    writeFileSync(readme, replaceBlock(readFileSync(readme, 'utf8'), table))
  })
}
