// Runs the test suites in order, or those named on the command line, goes on past failures and closes
// with a table. `npm test -- native wasm` runs two of them.

import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildPreset, buildWeb } from './build.mjs'
import { formatCpp, formatWeb } from './format.mjs'
import { buildFuzzers, fuzz, fuzzTargets } from './fuzz.mjs'
import { node24 } from './lib/node24.mjs'
import { Failure, main, projectRoot, run, say } from './lib/run.mjs'
import { chromiumPath } from './setup/needs.mjs'
import { setup } from './setup/setup.mjs'

/** Of all fuzzers together; `npm run fuzz` gives one of them more. */
const FUZZ_SECONDS = 60

// One failing check must not hide what the next one has to say. So many run at once.
async function runAll(checks, atOnce = 1) {
  const messages = []
  const waiting = [...checks]
  const runSome = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      try {
        await check()
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        messages.push(error.message)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, runSome))
  if (messages.length) throw new Failure(messages.join('\n'))
}

async function runCtest(preset, targets = [], definitions = []) {
  await buildPreset(preset, targets, definitions)
  await run('ctest', ['--preset', preset, '-j', `${availableParallelism()}`])
}

let webBuild
const builtWeb = () => {
  webBuild ??= buildWeb()
  return webBuild
}

// One file at a time, unless none of the tests depends on how long things take.
async function runNodeTests(folder, { node = 'node', ending = '.test.mjs', filesAtOnce = 1 } = {}) {
  const files = readdirSync(join(projectRoot, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
  if (!files.length) throw new Failure(`${folder} holds no *${ending} file.`)
  const env = { ...process.env, CHROME_PATH: chromiumPath() }
  await run(node, ['--test', `--test-concurrency=${filesAtOnce}`, ...files], { env })
}

/** The same tests again, with relaxed SIMD. */
async function repeatInNode24(folder, ending) {
  const node = node24()
  if (node) await runNodeTests(folder, { node, ending })
}

// `needs` is the folder without which a suite does not exist yet.
const suites = [
  {
    name: 'lint',
    needs: 'tools',
    test: () =>
      runAll([
        () => formatCpp({ check: true }),
        () => formatWeb({ check: true }),
        () => run('node', ['tools/check-includes.mjs']),
      ]),
  },
  { name: 'tools', needs: 'tests/tools', test: () => runNodeTests('tests/tools') },
  {
    name: 'native-sanitize',
    needs: 'tests/unit',
    test: () => runCtest('native-sanitize', ['lowbit_tests']),
  },
  {
    name: 'fuzz',
    needs: 'tests/fuzz',
    async test() {
      await buildFuzzers()
      const seconds = Math.floor(FUZZ_SECONDS / fuzzTargets.length)
      const runs = fuzzTargets.map((target) => () => fuzz(target, seconds))
      await runAll(runs, availableParallelism())
    },
  },
  // The tests run natively under the sanitizers, and optimized in WebAssembly. One of the programs, optimized, is held
  // against WebAssembly by the suite golden.
  { name: 'native', needs: 'tools', test: () => buildPreset('native', ['programs']) },
  {
    name: 'wasm',
    needs: 'tests/unit',
    test: () => runCtest('wasm', [], [`-DLOWBIT_NODE24=${node24() ?? ''}`]),
  },
  {
    name: 'lib',
    needs: 'web/lib/test',
    async test() {
      await builtWeb()
      await runNodeTests('web/lib/test')
      await repeatInNode24('web/lib/test')
    },
  },
  {
    name: 'golden',
    needs: 'tests/golden',
    async test() {
      await buildPreset('native', ['int8_logits'])
      await builtWeb()
      await runNodeTests('tests/golden', { filesAtOnce: availableParallelism() })
      await repeatInNode24('tests/golden', '.node.test.mjs')
    },
  },
  ...['package', 'cli', 'oracle', 'e2e', 'bench'].map((name) => ({
    name,
    needs: `tests/${name}`,
    async test() {
      await builtWeb()
      const filesAtOnce = ['cli', 'oracle'].includes(name) ? availableParallelism() : 1
      await runNodeTests(`tests/${name}`, { filesAtOnce })
    },
  })),
].filter(({ needs }) => existsSync(join(projectRoot, needs)))

function chooseSuites() {
  const { positionals } = parseArgs({ allowPositionals: true })
  const names = suites.map(({ name }) => name)
  const unknown = positionals.filter((name) => !names.includes(name))
  if (unknown.length) {
    throw new Failure(`No such suite: ${unknown.join(', ')}. There are: ${names.join(', ')}.`)
  }
  return positionals.length ? suites.filter(({ name }) => positionals.includes(name)) : suites
}

async function runSuite({ name, test }) {
  say(`\n==== ${name} ${'='.repeat(Math.max(0, 70 - name.length))}`)
  const start = Date.now()
  let problem
  try {
    await test()
  } catch (error) {
    problem = error instanceof Failure ? error.message : error.stack
    say(problem)
  }
  return { name, seconds: ((Date.now() - start) / 1000).toFixed(1), passed: problem === undefined }
}

await main(async () => {
  const chosen = chooseSuites()
  await setup('test')
  const results = []
  for (const suite of chosen) results.push(await runSuite(suite))

  say(`\n==== summary ${'='.repeat(63)}`)
  for (const { name, seconds, passed } of results) {
    say(`${passed ? 'passed' : 'FAILED'}  ${name.padEnd(16)} ${seconds.padStart(7)} s`)
  }
  const failedCount = results.filter(({ passed }) => !passed).length
  say(`suites: ${results.length - failedCount} passed, ${failedCount} failed`)
  if (failedCount) process.exitCode = 1
})
