// Help, colours, progress and tables.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../tools/lib/run.mjs'
import { commands } from '../../web/lib/dist/cli/commands.js'
import { formatBytes, Output, paintFor, table } from '../../web/lib/dist/cli/output.js'
import { buildModel } from '../oracle/onnx.mjs'
import { folder, lowbit, mlp, version } from './support.mjs'

const escapeCode = '\u001b'

test('--help of the program and of each command, with its options and examples', async () => {
  const names = commands.map(({ name }) => name)
  assert.deepEqual(names, ['inspect', 'quantize', 'run', 'compare', 'bench'])
  for (const flag of ['--help', '-h']) {
    const { status, text, stderr } = await lowbit([flag])
    assert.equal(status, 0)
    assert.equal(stderr, '')
    for (const name of names) assert.match(text, new RegExp(`^  ${name} `, 'm'))
    assert.match(text, /^ {2}3 +the model is malformed/m)
  }
  for (const { name, options } of commands) {
    const { status, text } = await lowbit([name, '--help'])
    assert.equal(status, 0)
    assert.match(text, new RegExp(`^Usage: lowbit ${name} `))
    for (const option of [...Object.keys(options), 'json', 'help']) {
      assert.match(text, new RegExp(`^  --${option} `, 'm'))
    }
    assert.match(text, new RegExp(`^Examples:\n  # .*\n  lowbit ${name} `, 'm'))
    for (const line of text.split('\n')) assert.ok(line.length <= 130, line)
  }
  assert.equal((await lowbit(['--version'])).text, `${version}\n`)
})

test('the README names every command', () => {
  const readme = readFileSync(join(projectRoot, 'web/lib/README.md'), 'utf8')
  for (const { name } of commands) assert.match(readme, new RegExp(`npx lowbit ${name} `))
})

test('colours are for terminals, unless NO_COLOR is set', () => {
  const [terminal, pipe] = [{ isTTY: true }, {}]
  assert.equal(paintFor(terminal, {})('bold', 'text'), `${escapeCode}[1mtext${escapeCode}[22m`)
  assert.equal(
    paintFor(terminal, { NO_COLOR: '' })('red', 'text'),
    `${escapeCode}[31mtext${escapeCode}[39m`,
  )
  assert.equal(paintFor(terminal, { NO_COLOR: '1' })('bold', 'text'), 'text')
  assert.equal(paintFor(terminal, { TERM: 'dumb' })('bold', 'text'), 'text')
  assert.equal(paintFor(pipe, {})('bold', 'text'), 'text')
})

test('progress is for terminals, and taken away before anything else', () => {
  for (const isTTY of [true, false]) {
    let written = ''
    const stderr = { isTTY, write: (text) => (written += text) }
    const output = new Output({ write() {} }, stderr, { NO_COLOR: '1' }, false)
    output.progress({ stage: 'calibrate', fraction: 0.257 })
    assert.equal(written, isTTY ? `\r${escapeCode}[Kcalibrate  25 %` : '')
    written = ''
    output.warn('text')
    const end = isTTY ? `\r${escapeCode}[K` : ''
    assert.equal(written, `${end}lowbit: warning: text\n`)
  }
})

test('at a terminal', { skip: process.platform !== 'linux' }, () => {
  const program = join(projectRoot, 'web/lib/dist/cli.js')
  const run = (env) => {
    const command = `'${process.execPath}' '${program}' bench '${mlp}' --runs 5`
    const options = { encoding: 'utf8', env: { ...process.env, ...env } }
    return spawnSync('script', ['-qec', command, '/dev/null'], options).stdout
  }
  assert.match(run({ NO_COLOR: '', TERM: 'xterm' }), /\r.*\[Klatency +\d+ %/)
  const inspected = (env) => {
    const command = `'${process.execPath}' '${program}' inspect '${mlp}'`
    const options = { encoding: 'utf8', env: { ...process.env, ...env } }
    return spawnSync('script', ['-qec', command, '/dev/null'], options).stdout
  }
  assert.ok(inspected({ NO_COLOR: '', TERM: 'xterm' }).includes(`${escapeCode}[1m`))
  assert.ok(!inspected({ NO_COLOR: '1', TERM: 'xterm' }).includes(escapeCode))
})

test('in a pipe there are neither colours nor progress', async () => {
  const { text, stderr } = await lowbit(['bench', mlp, '--runs', '5'])
  assert.ok(!text.includes(escapeCode))
  assert.equal(stderr, '')
})

test('tables are aligned, without spaces at the end', () => {
  const rows = [
    ['a', 'long', '1'],
    ['bcd', 'b', '100'],
    ['e', '', ''],
  ]
  assert.deepEqual(table(rows, [2]), ['a    long    1', 'bcd  b     100', 'e'])
})

test('names from files cannot command a terminal', async (t) => {
  const path = folder(t)
  const evil = `a${escapeCode}[2J`
  const nodes = [[`Frob${escapeCode}[31m`, [evil], 'y']]
  writeFileSync(
    path('evil.onnx'),
    buildModel({ inputs: { [evil]: [1] }, outputs: { y: [1] }, nodes }),
  )
  for (const command of ['inspect', 'bench']) {
    const { text, stderr } = await lowbit([command, path('evil.onnx')])
    assert.ok(!(text + stderr).includes(escapeCode))
    assert.match(text + stderr, /Frob\ufffd\[31m/)
  }
})

test('sizes', () => {
  assert.deepEqual([0, 999, 1000, 66443, 999_949, 999_950, 1_500_000_000_000].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 KB',
    '66.4 KB',
    '999.9 KB',
    '1.0 MB',
    '1500.0 GB',
  ])
})
