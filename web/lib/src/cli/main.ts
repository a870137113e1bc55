// From the command line to an exit status.

import { readFile } from 'node:fs/promises'
import { createLowbit, type Lowbit, type LowbitOptions } from 'lowbit'
import { parseArguments } from './arguments.js'
import { optionsOf } from './command.js'
import { commands } from './commands.js'
import { type Exit, exits, Failure, failUsage, toFailure } from './failures.js'
import { removeUnfinished } from './files.js'
import { help, helpOf } from './help.js'
import { Output } from './output.js'

async function version(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')).version
}

async function dispatch(
  argv: readonly string[],
  output: Output,
  signal: AbortSignal,
): Promise<Exit> {
  const [name, ...rest] = argv
  const wantsHelp = argv.some((argument) => argument === '--help' || argument === '-h')
  if (name === '--version') {
    output.print(await version())
    return exits.ok
  }
  const command = commands.find((known) => known.name === name)
  if (wantsHelp) {
    output.print(command ? helpOf(command) : help())
    return exits.ok
  }
  if (!command) {
    const names = commands.map((known) => known.name).join(', ')
    return failUsage(
      name?.startsWith('-') === false ? name : 'COMMAND',
      `must be one of ${names}; see lowbit --help`,
    )
  }
  const args = parseArguments(rest, optionsOf(command), command.positionals)
  const onProgress = output.progress.bind(output)
  const opened: Lowbit[] = []
  const open = async (options: LowbitOptions = { worker: true }) => {
    const lowbit = await createLowbit(options)
    opened.push(lowbit)
    return lowbit
  }
  try {
    return await command.run({ args, output, calls: { onProgress, signal }, open })
  } finally {
    for (const lowbit of opened) lowbit.dispose()
  }
}

/** A reader that has seen enough ends its end of the pipe. */
function onBrokenOutput(cause: NodeJS.ErrnoException): never {
  if (cause.code !== 'EPIPE') {
    process.stderr.write(`lowbit: standard output could not be written: ${cause.message}\n`)
  }
  process.exit(exits.other)
}

export async function main(argv: readonly string[]): Promise<Exit> {
  const output = new Output(process.stdout, process.stderr, process.env, argv.includes('--json'))
  const controller = new AbortController()
  const interrupted = new Promise<never>((_, reject) => {
    process.once('SIGINT', () => {
      controller.abort()
      reject(new Failure('ABORTED', 'interrupted'))
    })
  })
  process.stdout.on('error', onBrokenOutput)
  try {
    return await Promise.race([dispatch(argv, output, controller.signal), interrupted])
  } catch (error) {
    const { code, message, where, exit } = toFailure(error)
    output.error({ code, message, where })
    if (exit !== exits.interrupted) return exit
    // What still waits, for example for standard input, would keep the program alive.
    removeUnfinished()
    process.exit(exit)
  }
}
