// The program as npm would start it, and files for it.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSlice, slicePaths, toInput } from '../../tools/data/datasets.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'

const library = join(projectRoot, 'web/lib')
const { bin, version } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'))
const program = join(library, bin.lowbit)

export { version }

export const modelPath = (name) => join(projectRoot, 'examples/models', `${name}.onnx`)
export const mlp = modelPath('digits-mlp')

/** Options of images of bytes, as they lie in examples/data. */
export const images = (option, slice) => [option, slicePaths(slice).images, '--scale', '1/255']
export const labels = (slice) => ['--labels', slicePaths(slice).labels]

/** A process of the program: its streams are pipes. */
export function start(args, { env = {}, cwd } = {}) {
  return spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env }, cwd })
}

/** What came of it: { status, stdout (bytes), text (the same as text), stderr }. */
export function finish(child, input) {
  const streams = { stdout: [], stderr: [] }
  for (const [name, chunks] of Object.entries(streams)) {
    child[name].on('data', (chunk) => chunks.push(chunk))
  }
  // A program that ends early does not read all of its input.
  child.stdin.on('error', () => {})
  if (input !== null) child.stdin.end(input)
  return new Promise((resolve) => {
    child.on('close', (status) => {
      const stdout = Buffer.concat(streams.stdout)
      const stderr = Buffer.concat(streams.stderr).toString()
      resolve({ status, stdout, text: stdout.toString(), stderr })
    })
  })
}

export const lowbit = (args, { input, ...options } = {}) => finish(start(args, options), input)

/** A folder that is removed after the test; `path` gives the path of a file in it. */
export function folder(t) {
  const root = mkdtempSync(join(tmpdir(), 'lowbit-cli-'))
  t.after(() => rmSync(root, { recursive: true }))
  return (name = '') => join(root, name)
}

/** A .npy file of version 1, made by hand. */
export function npy({ descr, shape, data }) {
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`
  const header = Buffer.from(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`)
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0])
  return Buffer.concat([prefix, header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)])
}

/** { shape, data } of a .npy file of floats. */
export function parseNpy(bytes) {
  const end = 10 + bytes.readUInt16LE(8)
  const header = bytes.subarray(10, end).toString()
  const [, tuple] = /'descr': '<f4'.*'shape': \((.*?)\)/.exec(header)
  const shape = tuple.split(',').flatMap((size) => (size.trim() ? [Number(size)] : []))
  const data = new Float32Array(bytes.subarray(end).buffer.slice(bytes.byteOffset + end))
  return { shape, data: data.subarray(0, (bytes.length - end) / 4) }
}

/** Images x.npy as floats, labels y.npy as int64, of a slice of MNIST. */
export function writeDigits(path, slice, count) {
  const { images, labels } = readSlice(slice)
  const { shape, data } = toInput(images)
  const x = { descr: '<f4', shape: [count, ...shape.slice(1)], data: data.slice(0, count * 784) }
  writeFileSync(path('x.npy'), npy(x))
  const y = BigInt64Array.from(labels.slice(0, count), BigInt)
  writeFileSync(path('y.npy'), npy({ descr: '<i8', shape: [count], data: y }))
}
