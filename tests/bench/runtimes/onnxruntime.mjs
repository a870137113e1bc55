// onnxruntime-web on one thread of the CPU, with its default options. Its outputs are always new: tensors given to run() for
// them stay unwritten (1.30).

import * as ort from 'onnxruntime-web'

export async function startOnnxRuntime() {
  ort.env.wasm.numThreads = 1
  return {
    name: 'onnxruntime-web',
    tier: 'simd128',
    precisions: ['float32', 'int8', 'bytes'],
    async open(bytes, { shape, data }) {
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 })
      const [input] = session.inputNames
      const [output] = session.outputNames
      const type = data instanceof Uint8Array ? 'uint8' : 'float32'
      return {
        run: () => session.run({ [input]: new ort.Tensor(type, data, shape) }),
        read: (results) => results[output].data,
        close: () => session.release(),
      }
    },
  }
}
