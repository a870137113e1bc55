// lowbit run: a model's outputs for some inputs, as .npy files.

import type { TensorData } from 'lowbit'
import { forceOption } from './arguments.js'
import type { Command } from './command.js'
import { about, exits, failUsage } from './failures.js'
import { openTarget, standard, writeOutput } from './files.js'
import { loadModel } from './models.js'
import { table } from './output.js'
import { assign, dataFile, readInputs, scaleOption } from './tensors.js'

export const run: Command = {
  name: 'run',
  positionals: ['MODEL'],
  summary: 'Runs a model, FP32 or quantized, and writes its outputs as .npy files.',
  details: [
    'Inputs are .npy or IDX files, gzipped or not, with the samples along the first dimension.',
    'A model with several inputs or outputs takes each option several times: by NAME, or in order.',
  ],
  options: {
    input: { value: dataFile, multiple: true, help: 'the data of an input' },
    output: { value: dataFile, multiple: true, help: 'where an output goes' },
    ...scaleOption,
    ...forceOption,
  },
  examples: [
    ['run m.onnx --input x.npy --output y.npy', 'one input, one output'],
    ['run m.onnx --input x=x.npy --output y=y.npy', 'by name'],
    ['run m.onnx --input - --output - < x.npy > y.npy', 'from standard input to standard output'],
  ],
  async run({ args, output, calls, open }) {
    const [file = ''] = args.positionals
    const force = args.isSet('force')
    if (!args.isSet('input')) failUsage('--input', 'is missing')
    if (!args.isSet('output')) failUsage('--output', 'is missing')
    const lowbit = await open()
    const { model } = await loadModel(lowbit, file, calls)
    const names = model.info.outputs.map(({ name }) => name)
    const files = [...assign(args.texts('output'), names, '--output')]
    if (files.some(([, name]) => name === standard)) output.giveAway()
    const targets = await Promise.all(files.map(([, name]) => openTarget(name, force)))

    const inputs = await readInputs(lowbit, model, args, 'input')
    const results = await about(file, () => model.run<TensorData>(inputs, calls))
    const outputs: { name: string; file: string; shape: readonly number[] }[] = []
    for (const [index, target] of targets.entries()) {
      const [name = '', written = ''] = files[index] ?? []
      const result = results[names.indexOf(name)]
      if (!result) continue
      await writeOutput(target, await lowbit.writeArray(result), force)
      outputs.push({ name, file: written, shape: result.shape })
    }
    output.answer({ outputs }, () =>
      table(outputs.map(({ name, file, shape }) => [name, shape.join(' x '), file])),
    )
    return exits.ok
  },
}
