// Shows what equalization is for: runs the native program `rescaled` on the zoo's network of depthwise layers. An
// argument is a folder for the changed model.

import { main } from './lib/run.mjs'
import { runOnZoo } from './lib/run_on_zoo.mjs'

const models = [{ name: 'fashion-mobilenet', data: 'fashion-mnist', slice: 'fashion-calibration' }]

await main(() => runOnZoo('rescaled', models, process.argv[2]))
