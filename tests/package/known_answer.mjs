// A small model whose answers are known, and the program that asks the package for them, in Node and in pages.

import { buildModel } from '../oracle/onnx.mjs'

/** y = Relu(x W' + b) of numbers that float32 holds exactly. */
export const model = buildModel({
  inputs: { x: ['batch', 2] },
  outputs: { y: ['batch', 2] },
  constants: {
    w: { type: 'float32', dims: [2, 2], data: Float32Array.of(2, 2, -3, 3) },
    b: { type: 'float32', dims: [2], data: Float32Array.of(0.25, 0) },
  },
  nodes: [
    ['Gemm', ['x', 'w', 'b'], 'h', { transB: 1 }],
    ['Relu', ['h'], 'y'],
  ],
})

/** By hand: [1, 1] gives [2 + 2 + 0.25, -3 + 3], [-1, 2] gives [-2 + 4 + 0.25, 3 + 6]. */
const float32 = [4.25, 0, 2.25, 9]
/** The inputs are multiples of 3 / 255, the weights of 2 / 127 and 3 / 127; of the output's scale, 4.25 is 120.4 and 2.25 63.75. */
const int8 = [120, 0, 64, 255].map((integer) => Math.fround(integer * Math.fround(9 / 255)))

export const answer = { shape: [2, 2], float32, int8 }

/** A module whose `ask(options)` gives the answer, and where it was computed. */
export const program = (entry) => `
  import { createLowbit } from '${entry}'
  const bytes = Uint8Array.of(${new Uint8Array(model).join()})
  async function ask(options) {
    const lowbit = await createLowbit(options)
    try {
      const input = { data: Float32Array.of(1, 1, -1, 2), shape: [2, 2] }
      const fp32 = await lowbit.load(bytes)
      const quantized = await lowbit.quantize(fp32, {}, { calibration: input })
      const [{ shape, data }] = await fp32.run([input])
      const [integers] = await quantized.run([input])
      const { tier, thread } = lowbit.backend
      return { shape, float32: [...data], int8: [...integers.data], tier, thread }
    } finally {
      lowbit.dispose()
    }
  }`
