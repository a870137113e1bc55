// Models from files.

import type { Lowbit, Model } from 'lowbit'
import type { Context } from './command.js'
import { about } from './failures.js'
import { readInput } from './files.js'

export interface ModelFile {
  readonly file: string
  readonly bytes: number
  readonly model: Model
}

export async function loadModel(
  lowbit: Lowbit,
  file: string,
  calls: Context['calls'],
): Promise<ModelFile> {
  const onnx = await readInput(file)
  return { file, bytes: onnx.length, model: await about(file, () => lowbit.load(onnx, calls)) }
}
