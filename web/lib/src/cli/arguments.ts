// What a command takes, as data, and what was given.

import { parseArgs } from 'node:util'
import { Failure, failUsage } from './failures.js'

export interface Option {
  /** What stands for its value in the help; none: a switch. */
  readonly value?: string
  /** It may be given several times. */
  readonly multiple?: true
  readonly help: string
}

export type Options = Readonly<Record<string, Option>>

/** Of every command. */
export const commonOptions = {
  json: { help: 'print JSON on standard output, also of an error' },
  help: { help: 'print this' },
} as const satisfies Options

/** Of commands that write files. */
export const forceOption = {
  force: { help: 'replace files that exist' },
} as const satisfies Options

export class Arguments {
  readonly positionals: readonly string[]
  readonly #values: Readonly<Record<string, unknown>>

  constructor(positionals: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.positionals = positionals
    this.#values = values
  }

  isSet(name: string): boolean {
    return this.#values[name] !== undefined
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined
  }

  required(name: string): string {
    return this.text(name) ?? failUsage(`--${name}`, 'is missing')
  }

  texts(name: string): readonly string[] {
    return (this.#values[name] ?? []) as string[]
  }

  /** A finite number from `least` up. */
  number(name: string, least: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const number = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isFinite(number) && number >= least) return number
    return failUsage(`--${name}`, `must be a number from ${least} up, not "${text}"`)
  }
}

/** `names`: of the arguments without dashes, each of which must be given. Errors: INVALID_ARGUMENT. */
export function parseArguments(
  argv: readonly string[],
  options: Options,
  names: readonly string[],
): Arguments {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { value, multiple = false }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple },
    ]),
  )
  let parsed: { values: object; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], options: config, allowPositionals: true })
  } catch (error) {
    // Node adds hints after the first sentence.
    const [message = ''] = String((error as Error).message).split(/\.?(?:\n|\. )/)
    const [, where = ''] = /'(-[^ '=]*)/.exec(message) ?? []
    throw new Failure('INVALID_ARGUMENT', message, where)
  }
  const { positionals, values } = parsed
  const missing = names[positionals.length]
  if (missing !== undefined) failUsage(missing, 'is missing')
  const extra = positionals[names.length]
  if (extra !== undefined) failUsage(extra, 'is one argument too many')
  return new Arguments(positionals, values as Record<string, unknown>)
}
