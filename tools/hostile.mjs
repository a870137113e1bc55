// 10,000 flipped bits in the models of examples/models, natively, in WebAssembly and through the library; `npm test` tries
// some hundred. Takes minutes.

import { buildPreset, buildWeb } from './build.mjs'
import { main, run } from './lib/run.mjs'
import { setup } from './setup/setup.mjs'

const flipsPerModel = '2500'
const test = ['--no-skip', '--test-case=ten thousand flipped bits*']

await main(async () => {
  await setup('test')
  await buildPreset('native', ['lowbit_tests'])
  await run('build/native/lowbit_tests', test)
  await buildPreset('wasm', ['lowbit_tests'])
  await run('node', ['build/wasm/lowbit_tests.cjs', ...test])
  await buildWeb()
  const env = { ...process.env, LOWBIT_FLIPS: flipsPerModel }
  await run('node', ['--test', 'web/lib/test/damaged.test.mjs'], { env })
})
