// The logits of the zoo in INT8, and of one model with weights of four bits, as one hash per model: the models of
// examples/models, quantized per channel with the 512 calibration images, on the 2,000 test images. int8_logits.json holds
// what the native reference kernels give; run this file to make it anew.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { slicePaths } from '../../tools/data/datasets.mjs'
import { main, projectRoot, say } from '../../tools/lib/run.mjs'

export const models = [
  { name: 'digits-mlp', slices: 'mnist', bits: 8 },
  { name: 'digits-lenet', slices: 'mnist', bits: 8 },
  { name: 'fashion-resnet', slices: 'fashion', bits: 8 },
  { name: 'fashion-mobilenet', slices: 'fashion', bits: 8 },
  { name: 'digits-lenet', slices: 'mnist', bits: 4 },
]

/** Its name in the file of hashes. */
export const keyOf = ({ name, bits }) => (bits === 8 ? name : `${name}, ${bits} bits`)

export const modelPath = (name) => join(projectRoot, 'examples/models', `${name}.onnx`)

export const goldenPath = join(projectRoot, 'tests/golden/int8_logits.json')

/** Of the logits' bits. */
export const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex')

function output(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks))
      else reject(new Error(`${program} ended with exit code ${code}`))
    })
  })
}

/** An IDX file of so many images of a slice, all for undefined. */
function idxOf(slice, count) {
  const idx = gunzipSync(readFileSync(slicePaths(slice).images))
  if (count === undefined) return idx
  const header = Buffer.from(idx.subarray(0, 16))
  header.writeUInt32BE(count, 4)
  return Buffer.concat([header, idx.subarray(16, 16 + count * 784)])
}

/**
 * What the native program int8_logits writes for the model by each recipe, on so many images of the slices. It reads IDX files
 * that are not compressed.
 */
export async function nativeLogits({ name, slices }, tier, recipes, counts = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  try {
    const write = (file, data) => {
      const path = join(folder, file)
      writeFileSync(path, data)
      return path
    }
    const idx = ['calibration', 'test'].map((part) =>
      write(`${part}.idx3`, idxOf(`${slices}-${part}`, counts[part])),
    )
    const lines = write(
      'recipes.jsonl',
      recipes.map((recipe) => `${JSON.stringify(recipe)}\n`).join(''),
    )
    const program = join(projectRoot, 'build/native/int8_logits')
    return await output(program, [modelPath(name), ...idx, tier, lines])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The hash that the native build gives. */
export const nativeHash = async (model, tier) =>
  hashOf(await nativeLogits(model, tier, [{ weights: { bits: model.bits } }]))

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const hashes = {}
    for (const model of models) hashes[keyOf(model)] = await nativeHash(model, 'reference')
    writeFileSync(goldenPath, `${JSON.stringify(hashes, null, 2)}\n`)
    say(`Written: ${goldenPath}`)
  })
}
