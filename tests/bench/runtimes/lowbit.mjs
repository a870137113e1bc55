// Lowbit in each of its tiers, in the caller's thread, as an application calls it.

import { createLowbit } from 'lowbit'

export const tiers = ['reference', 'simd128', 'relaxed']

/** Rejects where this engine cannot run the tier. */
export async function startLowbit(tier) {
  const lowbit = await createLowbit({ tier, worker: false })
  if (lowbit.backend.tier !== tier) throw new Error(lowbit.backend.reason)
  return {
    name: 'lowbit',
    tier,
    tiles: lowbit.backend.tiles,
    precisions: ['float32', 'int8', 'bytes'],
    async open(bytes, input) {
      const model = await lowbit.load(bytes)
      // Like an application that runs a model again and again, it has its outputs written to the same place.
      const outputs = await model.run([input])
      const bound = await model.bind([input])
      return {
        run: () => model.run([input], { outputs }),
        read: ([output]) => output.data,
        runInPlace: () => bound.run(),
        readInPlace: () => bound.outputs[0].data,
        close() {
          bound.dispose()
          model.dispose()
        },
      }
    },
  }
}

/**
 * The integer model, per channel, in QDQ form, for every runtime to run: { int8, bytes }, each { bytes, input, step }, `step`
 * being how far apart two neighbouring outputs are. `int8` takes and gives reals, `bytes` the integers themselves.
 */
export async function quantizeModel(bytes, calibration, input) {
  const lowbit = await createLowbit({ worker: false })
  try {
    const model = await lowbit.quantize(await lowbit.load(bytes), {}, { calibration })
    const { scale, zeroPoint } = model.info.inputs[0].quantization
    const toByte = (x) => Math.min(Math.max(Math.round(x / scale) + zeroPoint, 0), 255)
    const integers = { shape: input.shape, data: Uint8Array.from(input.data, toByte) }
    const step = model.info.outputs[0].quantization.scale
    return {
      int8: { bytes: await model.save('onnx'), input, step },
      bytes: { bytes: await model.save('onnx', { integers: true }), input: integers, step: 1 },
    }
  } finally {
    lowbit.dispose()
  }
}
