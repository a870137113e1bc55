// The texts of --help.

import { type Command, optionsOf } from './command.js'
import { commands } from './commands.js'
import { exits } from './failures.js'
import { table } from './output.js'

const exitTexts: readonly (readonly [number, string])[] = [
  [exits.ok, 'done'],
  [exits.gate, 'a gate failed, such as --max-drop'],
  [exits.usage, 'the command line is wrong'],
  [exits.model, 'the model is malformed, or Lowbit cannot run it'],
  [exits.other, 'anything else: a file, the data in it, memory'],
  [exits.interrupted, 'interrupted'],
]

const indented = (rows: readonly (readonly string[])[]) => table(rows).map((line) => `  ${line}`)

function optionRows(command: Command): string[][] {
  return Object.entries(optionsOf(command)).map(([name, { value, help }]) => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  ])
}

export function helpOf(command: Command): string {
  const { name, positionals, summary, details, examples } = command
  return [
    `Usage: lowbit ${[name, ...positionals].join(' ')} [options]`,
    '',
    summary,
    ...(details.length > 0 ? ['', ...details] : []),
    '',
    'Options:',
    ...indented(optionRows(command)),
    '',
    'Examples:',
    ...examples.flatMap(([text, purpose]) => [`  # ${purpose}`, `  lowbit ${text}`]),
  ].join('\n')
}

export function help(): string {
  return [
    'Usage: lowbit COMMAND [options]',
    '',
    'Quantizes small neural networks (ONNX) and runs them in integer arithmetic.',
    '',
    'Commands:',
    ...indented(commands.map(({ name, summary }) => [name, summary])),
    '',
    'lowbit COMMAND --help says more of each, with examples. A file named - is standard input or output.',
    '',
    'Exit status:',
    ...indented(exitTexts.map(([status, meaning]) => [String(status), meaning])),
  ].join('\n')
}
