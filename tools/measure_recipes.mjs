// Measures recipes below 8 bits, on the 10,000 test images that `npm run data:fetch` brings, with the 512 calibration images
// of the slices: how much accuracy plain rounding loses, and what AdaRound and GPTQ win back.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLowbit } from 'lowbit'
import { readSlice, readSplit, toInput } from './data/datasets.mjs'
import { main, projectRoot, say } from './lib/run.mjs'

const help = `Prints a table of accuracies of the zoo in FP32 and with weights of few bits, rounded in several ways.

  npm run measure:recipes [-- --models PATTERN] [--bits 4,3]
  ... -- --mixed           with widths of their own for the layers, in as many bytes as all with 4 bits, too`

const options = {
  help: { type: 'boolean', default: false },
  models: { type: 'string', default: '' },
  bits: { type: 'string', default: '8,4,3,2' },
  mixed: { type: 'boolean', default: false },
}

const models = [
  { name: 'digits-mlp', dataset: 'mnist', slices: 'mnist' },
  { name: 'digits-lenet', dataset: 'mnist', slices: 'mnist' },
  { name: 'fashion-resnet', dataset: 'fashion-mnist', slices: 'fashion' },
  { name: 'fashion-mobilenet', dataset: 'fashion-mnist', slices: 'fashion' },
]

const roundings = [
  ['nearest', {}],
  ['nearest, MSE scales', { weights: { clipping: 'mse' } }],
  ['GPTQ', { weights: { rounding: 'gptq', clipping: 'mse' }, correctBias: true }],
  ['AdaRound', { weights: { rounding: 'adaround', clipping: 'mse' }, correctBias: true }],
]

/** The best recipe in the bytes of all weights with 4 bits. */
async function mixPrecision(lowbit, fp32, recipe, samples) {
  const { cost } = await lowbit.mixPrecision(fp32, recipe, { samples, bits: [4] })
  const budget = cost.reduce((sum, [bytes]) => sum + bytes, 0)
  const { chosen } = await lowbit.mixPrecision(fp32, recipe, { samples, budget })
  return chosen.recipe
}

const percent = (share) => `${(100 * share).toFixed(2)} %`
const row = (cells) => `| ${cells.join(' | ')} |`

await main(async () => {
  const { values } = parseArgs({ options })
  if (values.help) return say(help)
  const lowbit = await createLowbit()
  say(row(['model', 'weights', ...roundings.map(([name]) => name), 'seconds of each']))
  say(row(['---', '---', ...roundings.map(() => '---:'), '---:']))
  for (const { name, dataset, slices } of models.filter(({ name }) => name.match(values.models))) {
    const fp32 = await lowbit.load(
      readFileSync(join(projectRoot, 'examples/models', `${name}.onnx`)),
    )
    const calibration = toInput(readSlice(`${slices}-calibration`).images)
    const { images, labels } = readSplit(dataset, 'test')
    const evaluator = await lowbit.evaluator(fp32, { inputs: toInput(images), labels })
    say(row([name, 'FP32', percent(evaluator.reference.top1)]))
    const widths = values.bits.split(',').map(Number)
    for (const bits of values.mixed ? [...widths, 'mixed'] : widths) {
      const cells = []
      const seconds = []
      for (const [, { weights, ...rest }] of roundings) {
        const start = performance.now()
        const recipe =
          bits === 'mixed'
            ? await mixPrecision(lowbit, fp32, { weights, ...rest }, calibration)
            : { weights: { bits, ...weights }, ...rest }
        const quantized = await lowbit.quantize(fp32, recipe, { calibration })
        seconds.push(((performance.now() - start) / 1000).toFixed(1))
        cells.push(percent((await evaluator.measure(quantized)).top1))
        quantized.dispose()
      }
      say(
        row([
          name,
          bits === 'mixed' ? 'mixed, as 4 bits' : `${bits} bits`,
          ...cells,
          seconds.join(' / '),
        ]),
      )
    }
    evaluator.dispose()
    fp32.dispose()
  }
  lowbit.dispose()
})
