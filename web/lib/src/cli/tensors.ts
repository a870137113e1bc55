// The data of --calibration, --data, --input and --labels: .npy or IDX files, gzipped or not, one for each input of a model.

import { gunzipSync } from 'node:zlib'
import type { AnyTensor, Lowbit, Model, TensorData, ValueInfo } from 'lowbit'
import type { Arguments, Options } from './arguments.js'
import { about, exits, Failure, failUsage } from './failures.js'
import { readInput } from './files.js'

/** Beside the options that name the files. */
export const scaleOption = {
  scale: { value: 'FACTOR', help: 'multiply the data by this, such as 1/255 for pixels' },
} as const satisfies Options

/** What files of --scale, --calibration and so on are said to be in the help. */
export const dataFile = '[NAME=]FILE'

/** As much as a file of data may hold: memory of WebAssembly ends there, too. */
const mostBytes = 2 ** 30

/** A number, or a fraction of two. */
function readScale(args: Arguments): number {
  const text = args.text('scale') ?? '1'
  const [numerator = Number.NaN, denominator = 1, ...rest] = text.split('/').map(Number)
  const scale = rest.length === 0 ? numerator / denominator : Number.NaN
  if (Number.isFinite(scale) && scale !== 0 && text.trim() !== '') return scale
  return failUsage('--scale', `must be a number or a fraction, not "${text}"`)
}

function unpack(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: mostBytes })
  } catch (cause) {
    throw new Failure('INVALID_DATA', `${file}: ${(cause as Error).message}`, file)
  }
}

async function readArray(lowbit: Lowbit, file: string): Promise<AnyTensor> {
  const bytes = unpack(await readInput(file), file)
  return about(file, () => lowbit.readArray(bytes), exits.other)
}

/** The data as the model takes it: 1 more or less among a sample's dimensions makes no difference. */
function withDimensionsOf({ shape: wanted }: ValueInfo, { data, shape }: AnyTensor): AnyTensor {
  const [samples = 1, ...given] = shape
  const sample = wanted.slice(1)
  const isSame =
    wanted.length > 0 &&
    shape.length > 0 &&
    sample.every((size) => typeof size === 'number') &&
    given.filter((size) => size !== 1).join() === sample.filter((size) => size !== 1).join()
  return { data, shape: isSame ? [samples, ...(sample as number[])] : shape }
}

/** What `specs`, each NAME=FILE or FILE, say of each name: those without one take the names left, in order. */
export function assign(
  specs: readonly string[],
  names: readonly string[],
  where: string,
): Map<string, string> {
  const files = new Map<string, string>()
  const unnamed: string[] = []
  for (const spec of specs) {
    const name = names.find((known) => spec.startsWith(`${known}=`))
    if (name === undefined) unnamed.push(spec)
    else if (files.has(name)) failUsage(where, `names ${name} twice`)
    else files.set(name, spec.slice(name.length + 1))
  }
  const left = names.filter((name) => !files.has(name))
  unnamed.forEach((file, index) => {
    const name = left[index]
    if (name === undefined) failUsage(where, `is given ${specs.length} times for ${names.length}`)
    else files.set(name, file)
  })
  return files
}

/** Elements for an input: those of any type become floats where it takes floats. */
function convert(data: TensorData, { name, dtype }: ValueInfo, scale: number): TensorData {
  if (dtype === 'float32') {
    const elements: ArrayLike<number | bigint> = data
    return Float32Array.from({ length: data.length }, (_, i) => Number(elements[i]) * scale)
  }
  if (scale === 1) return data
  return failUsage('--scale', `is for floats; the input ${name} is ${dtype}`)
}

/** One tensor for each input of the model, from the files of an option. Errors: INVALID_ARGUMENT where some have none. */
export async function readInputs(
  lowbit: Lowbit,
  { info }: Model,
  args: Arguments,
  option: string,
): Promise<AnyTensor[]> {
  const where = `--${option}`
  const names = info.inputs.map(({ name }) => name)
  const files = assign(args.texts(option), names, where)
  const scale = readScale(args)
  const tensors: AnyTensor[] = []
  for (const input of info.inputs) {
    const file = files.get(input.name)
    if (file === undefined) return failUsage(where, `has no file for the input ${input.name}`)
    const { data, shape } = await readArray(lowbit, file)
    tensors.push(withDimensionsOf(input, { data: convert(data, input, scale), shape }))
  }
  return tensors
}

/** Class indices. Errors: also INVALID_DATA for anything else. */
export async function readLabels(lowbit: Lowbit, file: string): Promise<Int32Array> {
  const { data } = await readArray(lowbit, file)
  const labels = Int32Array.from(data, Number)
  const index = labels.findIndex((label, at) => label !== Number(data[at]) || label < 0)
  if (index < 0) return labels
  const message = `${file}: element ${index}, ${data[index]}, is not a class index`
  throw new Failure('INVALID_DATA', message, file)
}
