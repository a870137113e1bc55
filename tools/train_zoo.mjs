// Trains the zoo anew into examples/models: builds the native training program, brings the data and runs
// it. Arguments are the program's: `npm run zoo:train -- --model digits-mlp`; without any it trains all.

import { dirname, join } from 'node:path'
import { buildPreset } from './build.mjs'
import { cacheFolder } from './data/datasets.mjs'
import { main, projectRoot, run } from './lib/run.mjs'
import { setup } from './setup/setup.mjs'

await main(async () => {
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : ['--model', 'all']
  await setup('build')
  await run('node', ['tools/data/fetch.mjs'])
  await buildPreset('native', ['train_zoo'])
  const folders = ['--data', dirname(cacheFolder('mnist')), '--out', 'examples/models']
  await run(join(projectRoot, 'build/native/train_zoo'), [...chosen, ...folders])
})
