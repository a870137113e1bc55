// What a command is.

import type { CallOptions, Lowbit, LowbitOptions } from 'lowbit'
import { type Arguments, commonOptions, type Options } from './arguments.js'
import type { Exit } from './failures.js'
import type { Output } from './output.js'

/** What a command works with. */
export interface Context {
  readonly args: Arguments
  readonly output: Output
  /** Progress and Ctrl-C, for long calls of the library. */
  readonly calls: CallOptions
  /** Starts the library, which ends with the program. Without options it runs in workers. */
  open(options?: LowbitOptions): Promise<Lowbit>
}

export interface Command {
  readonly name: string
  /** Its arguments without dashes, all of which must be given. */
  readonly positionals: readonly string[]
  /** In a sentence. */
  readonly summary: string
  /** What else is to be known, in lines. */
  readonly details: readonly string[]
  /** Those that must be given come first. */
  readonly options: Options
  /** Each with what it does. */
  readonly examples: readonly (readonly [command: string, purpose: string])[]
  run(context: Context): Promise<Exit>
}

export const optionsOf = ({ options }: Command): Options => ({ ...options, ...commonOptions })
