// onnxruntime-web on one thread of the CPU, with its default options. Its outputs are always new: tensors given to run() for
// them stay unwritten (1.30).

import * as ort from 'onnxruntime-web'

export async function startOnnxRuntime() {
  ort.env.wasm.numThreads = 1
  return {
    name: 'onnxruntime-web',
    tier: 'simd128',
    precisions: ['float32', 'int8'],
    async open(bytes, { shape, data }) {
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 })
      const [input] = session.inputNames
      const [output] = session.outputNames
      return {
        run: () => session.run({ [input]: new ort.Tensor('float32', data, shape) }),
        read: (results) => results[output].data,
        close: () => session.release(),
      }
    },
  }
}
