// The benchmark's command line. --help says what it does.

import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Failure, main, projectRoot, say } from '../../tools/lib/run.mjs'
import { cases } from './cases.mjs'
import { environments } from './environments.mjs'
import { describeCase, describeMachine } from './report.mjs'

const help = `Measures Lowbit in each of its tiers, onnxruntime-web and TensorFlow.js, in turn and on one thread: medians and outer
tenths, after a warm-up, of whole calls of the runtimes' JavaScript APIs. Each turn begins with a call that is not timed, as
the turn before it left the caches full of other data. Before a case is timed, all must give the same numbers.

  npm run bench                in one page of headless Chromium
  npm run bench:node           in Node 24
  ... -- --json FILE           writes { machine, peaks, results } too
  ... -- --cases PATTERN       only the cases whose name matches the regular expression
  ... -- --quick               hardly any repetitions: whether it works, no figures

Every figure is also given as a share of the peak that bounds it, measured first: FP32 of mul_add, in the relaxed tier of
relaxed_madd; INT8 of dot_i16x8, in the relaxed tier of relaxed_dot. Other runtimes are held against the peak of Lowbit's
best tier in this run. Beside Lowbit's figures: the same model bound, its inputs and outputs in place, without a copy.`

const options = {
  help: { type: 'boolean', default: false },
  in: { type: 'string', default: 'chromium' },
  json: { type: 'string' },
  cases: { type: 'string', default: '' },
  quick: { type: 'boolean', default: false },
}

function chooseCases(pattern) {
  const chosen = cases.filter(({ name }) => new RegExp(pattern, 'i').test(name))
  if (chosen.length) return chosen
  const names = cases.map(({ name }) => name)
  throw new Failure(`No case matches "${pattern}". There are: ${names.join(', ')}.`)
}

function versionOf(name) {
  const file = join(projectRoot, 'node_modules', name, 'package.json')
  return JSON.parse(readFileSync(file, 'utf8')).version
}

function describe({ engine, tiles }) {
  const packages = ['lowbit', 'onnxruntime-web', '@tensorflow/tfjs-backend-wasm']
  return {
    engine,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    logical_cores: availableParallelism(),
    platform: `${process.platform} ${process.arch}`,
    tiles,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    measured_at: new Date().toISOString(),
  }
}

await main(async () => {
  const { values } = parseArgs({ options })
  if (values.help) return say(help)
  const open = environments[values.in]
  if (!open) throw new Failure(`--in takes ${Object.keys(environments).join(' or ')}.`)
  const chosen = chooseCases(values.cases)
  const effort = values.quick ? 'quick' : 'full'

  const environment = await open()
  try {
    const machine = describe(environment)
    const report = { machine, peaks: await environment.peaks(effort), results: [] }
    const lines = describeMachine(report)
    say(`${lines.machine}\ntiles: ${lines.tiles}\npeaks: ${lines.peaks}`)
    for (const line of environment.skipped) say(line)
    for (const { name } of chosen) {
      const results = await environment.measure(name, effort)
      say(`\n${describeCase(results)}`)
      report.results.push(...results)
    }
    if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await environment.close()
  }
})
