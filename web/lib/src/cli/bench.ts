// lowbit bench: how long a model takes for one sample.

import type { AnyTensor, TensorData } from 'lowbit'
import type { Command, Context } from './command.js'
import { about, exits } from './failures.js'
import { loadModel, type ModelFile } from './models.js'
import { formatBytes, formatMs, table } from './output.js'
import { synthesize } from './synthetic.js'
import { dataFile, readInputs, scaleOption } from './tensors.js'

/** Not counted are so many runs, or those of so long: the engine compiles what runs often. */
const warmupRuns = 200
const warmupMs = 1000
const defaultRuns = 200
/** Fewer runs than asked for are enough after so long. */
const mostMs = 10_000

async function timeOnce(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** The first run, which plans, and then those that count, sorted. */
async function measure(
  { model }: ModelFile,
  inputs: readonly AnyTensor[],
  runs: number,
  calls: Context['calls'],
) {
  const { signal } = calls
  const options = signal ? { signal } : {}
  let outputs: readonly AnyTensor[] = []
  const first = await timeOnce(async () => {
    outputs = await model.run<TensorData>(inputs, options)
  })
  const repeat = async (most: number, ms: number) => {
    const end = performance.now() + ms
    const times: number[] = []
    do {
      times.push(await timeOnce(() => model.run(inputs, { outputs, ...options })))
      calls.onProgress?.({ stage: 'latency', fraction: times.length / most })
    } while (times.length < most && performance.now() < end)
    return times
  }
  await repeat(warmupRuns, warmupMs)
  const times = await repeat(runs, mostMs)
  return { first, times: times.sort((a, b) => a - b) }
}

export const bench: Command = {
  name: 'bench',
  positionals: ['MODEL'],
  summary:
    'Times a model, FP32 or quantized, on one thread, by default on a single synthetic sample.',
  details: [
    'Times include what copies inputs and outputs. They are of this machine and its load: compare them within one run.',
  ],
  options: {
    runs: {
      value: 'NUMBER',
      help: `how often it is run, at most ${mostMs / 1000} s: ${defaultRuns}`,
    },
    input: { value: dataFile, multiple: true, help: 'the data of an input, all run at once' },
    ...scaleOption,
  },
  examples: [
    ['bench m.onnx', 'milliseconds for one sample'],
    ['bench m.onnx --input x.npy --runs 1000 --json', 'for the samples of a file'],
  ],
  async run({ args, output, calls, open }) {
    const [file = ''] = args.positionals
    const runs = Math.ceil(args.number('runs', 1) ?? defaultRuns)
    const lowbit = await open({ worker: false })
    const loaded = await loadModel(lowbit, file, calls)
    const inputs = args.isSet('input')
      ? await readInputs(lowbit, loaded.model, args, 'input')
      : synthesize(loaded.model, 1, 0)
    const { first, times } = await about(file, () => measure(loaded, inputs, runs, calls))
    const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? 0
    const samples = inputs[0]?.shape[0] ?? 1
    const { tier, dot, reason } = lowbit.backend
    const answer = {
      samples,
      runs: times.length,
      first_ms: first,
      p10_ms: at(0.1),
      median_ms: at(0.5),
      p90_ms: at(0.9),
      samples_per_second: (samples * 1000) / at(0.5),
      bytes: loaded.bytes,
      tier,
      dot: dot ?? null,
    }
    output.answer(answer, () => [
      ...table([
        ['model', `${file}, ${formatBytes(loaded.bytes)}`],
        ['samples', `${samples}, run ${times.length} times`],
        [
          'median',
          `${formatMs(answer.median_ms)}, ${answer.samples_per_second.toFixed(0)} samples per second`,
        ],
        ['10 to 90 %', `${formatMs(answer.p10_ms)} to ${formatMs(answer.p90_ms)}`],
        ['first run', formatMs(first)],
        ['kernels', `${tier}. ${reason}`],
      ]),
    ])
    return exits.ok
  },
}
