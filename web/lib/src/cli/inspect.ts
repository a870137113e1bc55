// lowbit inspect: what a model's file holds.

import type { InspectedValue, Inspection } from 'lowbit'
import type { Command } from './command.js'
import { about, exits } from './failures.js'
import { readInput } from './files.js'
import { formatBytes, formatCount, type Paint, table } from './output.js'

function valueRows(title: string, values: readonly InspectedValue[]): string[][] {
  return values.map(({ name, dtype, shape }, index) => {
    const dims = shape === null ? 'shape unknown' : shape.join(' x ') || 'a single number'
    return [index === 0 ? title : '', `${name}  ${dtype}  ${dims}`]
  })
}

function describe(file: string, bytes: number, inspection: Inspection, paint: Paint): string[] {
  const { inputs, outputs, opset, operators, parameters, files, unsupported } = inspection
  const counts = Object.entries(operators).map(([op, count]) => [op, formatCount(count)])
  const lines = [
    paint('bold', file),
    ...table([
      ['size', formatBytes(bytes)],
      ['opset', String(opset ?? 'unknown')],
      ['parameters', formatCount(parameters)],
      ...files.map((name) => ['in the file', name]),
      ...valueRows('inputs', inputs),
      ...valueRows('outputs', outputs),
    ]),
    '',
    ...table([['operator', 'nodes'], ...counts], [1]),
    '',
  ]
  if (unsupported.length === 0) return [...lines, 'Lowbit has all of these operators.']
  const missing = unsupported.map(({ op, nodes }) => {
    const more = nodes.length > 4 ? ` and ${nodes.length - 4} more` : ''
    return [op, nodes.slice(0, 4).join(', ') + more]
  })
  return [...lines, paint('yellow', 'Lowbit does not have:'), ...table(missing)]
}

export const inspect: Command = {
  name: 'inspect',
  positionals: ['MODEL'],
  summary: 'Says what an ONNX file holds, and which of its operators Lowbit does not have.',
  details: ['The file is not loaded, so that any operators may be in it.'],
  options: {},
  examples: [
    ['inspect m.onnx', 'inputs, outputs, operators and parameters'],
    ['inspect m.onnx --json', 'the same for programs'],
    ['inspect - < m.onnx', 'from standard input'],
  ],
  async run({ args, output, open }) {
    const [file = ''] = args.positionals
    const onnx = await readInput(file)
    const lowbit = await open({ worker: false, tune: false })
    const inspection = await about(file, () => lowbit.inspect(onnx))
    const { opset, inputs, outputs, operators, parameters, files, unsupported } = inspection
    const bytes = onnx.length
    const answer = { inputs, outputs, operators, parameters, bytes, files, opset, unsupported }
    output.answer(answer, () => describe(file, bytes, inspection, output.paint))
    return exits.ok
  },
}
