// Runs ONNX models with ONNX Runtime, natively and in WebAssembly: the independent judge of what an exported model computes.

import { toInput } from '../../tools/data/datasets.mjs'

export const runtimes = ['onnxruntime-node', 'onnxruntime-web']

const IMAGES_PER_BATCH = 200

const loaders = {
  'onnxruntime-node': async () => (await import('onnxruntime-node')).default,
  'onnxruntime-web': async () => {
    const ort = await import('onnxruntime-web')
    ort.env.wasm.numThreads = 1
    return ort
  },
}

const sessionOptions = {
  intraOpNumThreads: 1,
  logSeverityLevel: 3,
  // Without VNNI, x86 adds pairs of products of full-range 8-bit weights in 16 bits, with saturation. This makes ONNX
  // Runtime exact there too (its pull request 12088).
  extra: { session: { x64quantprecision: '1' } },
}

/**
 * A session: run([{ shape, data }, ...]), of a Float32Array or a Uint8Array, gives the numbers of the first output as a
 * Float32Array, and runAll all outputs by name, with their `data` and `dims`; release() frees it.
 */
export async function openModel(runtime, bytes) {
  const ort = await loaders[runtime]()
  const session = await ort.InferenceSession.create(bytes, sessionOptions)
  const runAll = (inputs) => {
    const tensors = inputs.map(({ shape, data }) => {
      const type = data instanceof Uint8Array ? 'uint8' : 'float32'
      return new ort.Tensor(type, data, shape)
    })
    return session.run(Object.fromEntries(session.inputNames.map((name, i) => [name, tensors[i]])))
  }
  return {
    runAll,
    async run(inputs) {
      return Float32Array.from((await runAll(inputs))[session.outputNames[0]].data)
    },
    release: () => session.release(),
  }
}

/** Calls run({ shape, data }) with batches of the images, as float32, and joins the results. */
export async function inBatches(images, run) {
  const [count, height, width] = images.dims
  const size = height * width
  const results = []
  for (let first = 0; first < count; first += IMAGES_PER_BATCH) {
    const end = Math.min(first + IMAGES_PER_BATCH, count)
    const data = images.data.subarray(first * size, end * size)
    results.push(await run(toInput({ dims: [end - first, height, width], data })))
  }
  return Float32Array.from(results.flatMap((result) => [...result]))
}

/** The logits [N * classes] of a classifier for images { dims: [N, H, W], data }. */
export async function runOnImages(runtime, bytes, images) {
  const model = await openModel(runtime, bytes)
  try {
    return await inBatches(images, (input) => model.run([input]))
  } finally {
    await model.release()
  }
}
