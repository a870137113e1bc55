// Models from files, with the files beside them in which large models keep their tensors.

import { basename, dirname, resolve } from 'node:path'
import type { Lowbit, Model } from 'lowbit'
import type { Context } from './command.js'
import { about } from './failures.js'
import { readInput } from './files.js'

export interface ModelFile {
  readonly file: string
  readonly bytes: number
  readonly model: Model
}

/** Only from the model's own folder: a name that is a path is left for `load` to refuse. */
async function readFilesBeside(lowbit: Lowbit, file: string, onnx: Uint8Array) {
  const { files } = await about(file, () => lowbit.inspect(onnx))
  const plain = files.filter((name) => name === basename(name))
  const contents = plain.map(async (name) => [name, await readInput(resolve(dirname(file), name))])
  return Object.fromEntries(await Promise.all(contents)) as Record<string, Uint8Array>
}

export async function loadModel(
  lowbit: Lowbit,
  file: string,
  calls: Context['calls'],
): Promise<ModelFile> {
  const onnx = await readInput(file)
  const files = await readFilesBeside(lowbit, file, onnx)
  const model = await about(file, () => lowbit.load(onnx, { files, ...calls }))
  const bytes = Object.values(files).reduce((sum, { length }) => sum + length, onnx.length)
  return { file, bytes, model }
}
