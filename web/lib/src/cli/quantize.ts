// lowbit quantize: a model with integers, and a report of how it was made.

import type { AnyTensor, Lowbit, Model, Recipe } from 'lowbit'
import { forceOption } from './arguments.js'
import type { Command, Context } from './command.js'
import { exits, Failure, failUsage } from './failures.js'
import { openTarget, standard, writeOutput } from './files.js'
import { layersOf } from './layers.js'
import { loadModel } from './models.js'
import { formatBytes, table } from './output.js'
import { readRecipe, recipeOptions, withRecipe } from './recipes.js'
import { description, synthesize } from './synthetic.js'
import { dataFile, readInputs, scaleOption } from './tensors.js'

const syntheticSamples = 32

/** Where the ranges of the activations come from. */
interface Source {
  readonly tensors: readonly AnyTensor[]
  /** As the report has it. */
  readonly calibration: Readonly<Record<string, unknown>> & { readonly samples: number }
  readonly warnings: readonly string[]
  /** For people. */
  readonly text: string
}

/** Where the model's weights are not finite, the model is to blame. */
function checkFinite({ info }: Model, tensors: readonly AnyTensor[]): void {
  for (const [input, { data }] of tensors.entries()) {
    if (!(data instanceof Float32Array)) continue
    const index = data.findIndex((value) => !Number.isFinite(value))
    if (index < 0) continue
    const name = info.inputs[input]?.name ?? ''
    const message = `the samples of the input ${name}: element ${index} is not a finite number`
    throw new Failure('NON_FINITE', message, name, exits.other)
  }
}

async function readSource(
  { args }: Context,
  lowbit: Lowbit,
  model: Model,
  seed: number,
): Promise<Source> {
  const files = args.texts('calibration')
  const isSynthetic = files.length === 0
  const tensors = isSynthetic
    ? synthesize(model, syntheticSamples, seed)
    : await readInputs(lowbit, model, args, 'calibration')
  checkFinite(model, tensors)
  const samples = tensors[0]?.shape[0] ?? 0
  if (!isSynthetic) {
    const text = `${samples} samples of ${files.join(', ')}`
    return { tensors, calibration: { source: 'data', files, samples }, warnings: [], text }
  }
  const text = `${samples} SYNTHETIC samples (${description}, seed ${seed})`
  const warning = `without --calibration the ranges come from ${text}, not from data: expect a worse model than data would give`
  const calibration = { source: 'synthetic', description, seed, samples }
  return { tensors, calibration, warnings: [warning], text }
}

/** How far each layer is off on data; null where the outputs are none that can be compared. */
async function measureLayers(
  { calls }: Context,
  lowbit: Lowbit,
  models: readonly [Model, Model],
  inputs: readonly AnyTensor[],
) {
  try {
    const report = await lowbit.compare(...models, { inputs, latencyRuns: 0, ...calls })
    return layersOf(report)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SHAPE_MISMATCH') return null
    throw error
  }
}

function describeRecipe({ weights, activations }: Recipe): string[][] {
  const { bits = 8, granularity = 'channel', rounding = 'nearest' } = weights ?? {}
  const { bits: width = 8, observer = 'minmax' } = activations ?? {}
  const rest = width === 'float' ? 'float' : `${width} bits, ${observer}`
  return [
    ['weights', `${bits} bits, ${granularity}, ${rounding}`],
    ['activations', rest],
  ]
}

export const quantize: Command = {
  name: 'quantize',
  positionals: ['MODEL'],
  summary: 'Turns an FP32 model into one with integers, in QDQ form, which ONNX Runtime runs.',
  details: [
    'The ranges of the activations come from samples: .npy or IDX files, gzipped or not, with the samples',
    'along the first dimension. Without --calibration they come from synthetic input, and that costs accuracy.',
  ],
  options: {
    out: { value: 'FILE', help: 'where the quantized model goes' },
    calibration: { value: dataFile, multiple: true, help: 'samples of an input' },
    ...scaleOption,
    ...recipeOptions,
    report: { value: 'FILE', help: 'where a report goes, as JSON' },
    ...forceOption,
  },
  examples: [
    ['quantize m.onnx --out q.onnx --calibration x.npy', 'eight bits'],
    [
      'quantize m.onnx --out q.onnx --calibration x.npy --weights 4 --granularity group:32 --correct gptq',
      'weights of four bits in groups, rounded by GPTQ',
    ],
    [
      'quantize m.onnx --out q.onnx --calibration x.npy --activations float --report r.json',
      'integer weights only, with a report',
    ],
  ],
  async run(context) {
    const { args, output, calls, open } = context
    const [file = ''] = args.positionals
    const force = args.isSet('force')
    const [out, reportFile] = [args.required('out'), args.text('report')]
    if (out === reportFile) failUsage('--report', 'is the same file as --out')
    if (out === standard || reportFile === standard) output.giveAway()
    const target = await openTarget(out, force)
    const reportTarget = reportFile === undefined ? undefined : await openTarget(reportFile, force)
    const recipe = await readRecipe(args)

    const lowbit = await open()
    const { model: fp32, bytes } = await loadModel(lowbit, file, calls)
    if (fp32.info.quantized) {
      throw new Failure('INVALID_ARGUMENT', `${file}: the model is quantized already`, file)
    }
    const source = await readSource(context, lowbit, fp32, recipe.seed ?? 0)
    for (const warning of source.warnings) output.warn(warning)
    const int8 = await withRecipe(args, file, () =>
      lowbit.quantize(fp32, recipe, { calibration: source.tensors, ...calls }),
    )
    for (const warning of int8.warnings) output.warn(warning)
    const onnx = await int8.save('onnx')

    const hasData = source.calibration.source === 'data'
    const wantsLayers = hasData && (reportTarget !== undefined || args.isSet('json'))
    const report = {
      version: lowbit.version,
      model: file,
      out,
      recipe,
      calibration: source.calibration,
      warnings: [...source.warnings, ...int8.warnings],
      bytes: { before: bytes, after: onnx.length },
      layers: wantsLayers
        ? await measureLayers(context, lowbit, [fp32, int8], source.tensors)
        : null,
    }
    await writeOutput(target, onnx, force)
    if (reportTarget) {
      const text = `${JSON.stringify(report, null, 2)}\n`
      await writeOutput(reportTarget, new TextEncoder().encode(text), force)
    }
    output.answer(report, () =>
      table([
        [file, formatBytes(bytes)],
        [out, `${formatBytes(onnx.length)}, ${(bytes / onnx.length).toFixed(2)} times smaller`],
        ...describeRecipe(recipe),
        ['ranges', source.text],
      ]),
    )
    return exits.ok
  },
}
