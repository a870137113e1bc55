// Runs one fuzzer (tests/fuzz/) for a while, from the committed corpus and what earlier runs found:
//
//   npm run fuzz -- import 60
//
// What it finds stays in build/fuzz/<target>/, and a failure says how to see it again.

import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { buildPreset } from './build.mjs'
import { Failure, main, projectRoot, run, say } from './lib/run.mjs'
import { setup } from './setup/setup.mjs'

const MAX_MEMORY_MB = 256
const MAX_SECONDS_PER_INPUT = 2

/** A fuzzer is a source file of this folder. */
export const fuzzTargets = readdirSync(join(projectRoot, 'tests/fuzz'))
  .filter((name) => name.endsWith('.cpp'))
  .map((name) => name.slice(0, -'.cpp'.length))

/** Both read models. */
const corpusOf = (target) => (target === 'round_trip' ? 'import' : target)

export const buildFuzzers = () => buildPreset('native-sanitize', ['fuzzers'])

/** Runs a fuzzer that is built. Rejects with a Failure where it finds something. */
export async function fuzz(target, seconds) {
  const program = `build/native-sanitize/fuzz_${target}`
  const found = `build/fuzz/${target}`
  mkdirSync(join(projectRoot, found, 'corpus'), { recursive: true })
  const limits = [
    `-max_total_time=${seconds}`,
    `-timeout=${MAX_SECONDS_PER_INPUT}`,
    `-rss_limit_mb=${MAX_MEMORY_MB}`,
    '-max_len=65536',
  ]
  const output = ['-print_final_stats=1', `-artifact_prefix=${found}/`]
  const corpora = [`${found}/corpus`, `tests/fuzz/corpus/${corpusOf(target)}`]
  // Freed memory that the sanitizer holds back would count as the fuzzer's.
  const env = { ...process.env, ASAN_OPTIONS: 'quarantine_size_mb=16' }
  const logPath = join(projectRoot, found, 'log')
  const log = openSync(logPath, 'w')
  const stdio = ['ignore', log, log]
  try {
    await run(program, [...limits, ...output, ...corpora], { env, stdio })
    const statistic = (name) => readFileSync(logPath, 'utf8').match(`stat::${name}: *(\\d+)`)?.[1]
    const [runs, memory] = [statistic('number_of_executed_units'), statistic('peak_rss_mb')]
    say(`${target}: ${runs} inputs in ${seconds} s, at most ${memory} MB`)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const inputs = readdirSync(join(projectRoot, found)).filter((name) => /^\w+-/.test(name))
    const again = inputs.map((name) => `\n  ${program} ${found}/${name}`).join('')
    const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-40).join('\n')
    throw new Failure(`${lines}\nThe fuzzer ${target} failed. To see it again:${again}`)
  } finally {
    closeSync(log)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const [target, seconds = '60', ...rest] = parseArgs({ allowPositionals: true }).positionals
    if (!fuzzTargets.includes(target) || !(Number(seconds) > 0) || rest.length) {
      throw new Failure(`Say npm run fuzz -- TARGET SECONDS, of ${fuzzTargets.join(', ')}.`)
    }
    await setup('test')
    await buildFuzzers()
    await fuzz(target, Math.ceil(seconds))
  })
}
