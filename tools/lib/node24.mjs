// A Node that can run the relaxed binary: Node 20 computes its dot products wrongly.

import { output, say } from './run.mjs'

const version = '24.21.0'

/** The path of Node 24 or newer: this one or one that npx brings. Where there is none it says so and gives undefined. */
export function node24() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  say(`Looking for Node ${version}, which runs relaxed SIMD …`)
  const print = ['node', '--print', 'process.execPath']
  const path = output('npx', ['--yes', `--package=node@${version}`, ...print])
  if (!path) say('npx does not bring it here: what needs relaxed SIMD in Node is not tested.')
  return path
}
