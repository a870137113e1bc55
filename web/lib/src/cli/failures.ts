// What ends a command early, and the number that the program then exits with.

import { LowbitError, type LowbitErrorCode } from 'lowbit'

export const exits = {
  ok: 0,
  /** A gate that the caller set was not passed. */
  gate: 1,
  /** The command line is wrong, or what it asks for. */
  usage: 2,
  /** The model is malformed, or Lowbit cannot run it. */
  model: 3,
  /** A file, the data in it, memory or WebAssembly. */
  other: 4,
  /** Ctrl-C, as shells have it: 128 and the number of the signal. */
  interrupted: 130,
} as const

export type Exit = (typeof exits)[keyof typeof exits]

const exitOf: Readonly<Record<LowbitErrorCode, Exit>> = {
  INVALID_ARGUMENT: exits.usage,
  INVALID_MODEL: exits.model,
  INVALID_DATA: exits.other,
  UNSUPPORTED_OPERATOR: exits.model,
  UNSUPPORTED_FEATURE: exits.model,
  SHAPE_MISMATCH: exits.other,
  TYPE_MISMATCH: exits.other,
  // Of samples it is found before (quantize.ts); then it is the model's.
  NON_FINITE: exits.model,
  EMPTY_CALIBRATION: exits.other,
  ACCUMULATOR_OVERFLOW: exits.model,
  OUT_OF_MEMORY: exits.other,
  LIMIT_EXCEEDED: exits.model,
  ABORTED: exits.interrupted,
  DISPOSED: exits.other,
  BACKEND_FAILED: exits.other,
  LOAD_FAILED: exits.other,
  FILE_FAILED: exits.other,
}

/** An error of the one list, and the exit that it means here. */
export class Failure extends LowbitError {
  constructor(
    code: LowbitErrorCode,
    message: string,
    where = '',
    readonly exit: Exit = exitOf[code],
  ) {
    super(code, message, where)
  }
}

export function failUsage(where: string, message: string): never {
  throw new Failure('INVALID_ARGUMENT', `${where} ${message}`, where)
}

export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof LowbitError) return new Failure(error.code, error.message, error.where)
  return new Failure('BACKEND_FAILED', error instanceof Error ? String(error.stack) : String(error))
}

/** Does `work` on a file, whose name goes before the message of an error. */
export async function about<T>(file: string, work: () => Promise<T>, exit?: Exit): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message, where, exit: usual } = toFailure(error)
    throw new Failure(
      code,
      `${file}: ${message}`,
      where,
      code === 'ABORTED' ? usual : (exit ?? usual),
    )
  }
}
