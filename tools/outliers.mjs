// Shows what observers are for: runs the native program `outliers` on the zoo's models with a Relu. An argument is a
// folder for the changed models.

import { main } from './lib/run.mjs'
import { runOnZoo } from './lib/run_on_zoo.mjs'

const models = [
  { name: 'digits-lenet', data: 'mnist', slice: 'mnist-calibration' },
  { name: 'fashion-resnet', data: 'fashion-mnist', slice: 'fashion-calibration' },
]

await main(() => runOnZoo('outliers', models, process.argv[2]))
