// TensorFlow.js with its WebAssembly backend on one thread: a small interpreter of ONNX networks in its operations. Images
// and weights are in its layout, channels last, and layers are fused, as in a model that its converter made.

import * as tfjs from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-wasm'
import { readModel } from '../../oracle/onnx.mjs'
import { optimize } from './tfjs_graph.mjs'

const tf = tfjs.default ?? tfjs // Node sees a CommonJS module.

const toLast = (image) => (image.rank === 4 ? tf.transpose(image, [0, 2, 3, 1]) : image)
const toFirst = (image) => (image.rank === 4 ? tf.transpose(image, [0, 3, 1, 2]) : image)

function windowOf({ kernel_shape, pads = [0, 0, 0, 0], strides = [1, 1] }) {
  const [top, left, bottom, right] = pads
  const pad = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]
  return { size: kernel_shape, pad, strides }
}

/** [outputs, inputs / group, height, width] to what conv2d or depthwiseConv2d takes. */
const filterOf = (w, isDepthwise) => tf.transpose(w, isDepthwise ? [2, 3, 0, 1] : [2, 3, 1, 0])

/** A matrix whose rows are in the order of an image [channels, height, width], for one with the channels last. */
function forImage(matrix, [, height, width, channels]) {
  const columns = matrix.shape[1]
  const split = tf.reshape(matrix, [channels, height, width, columns])
  return tf.reshape(tf.transpose(split, [1, 2, 0, 3]), [-1, columns])
}

/**
 * One function per operator. It is called once, with the inputs' tensors, the attributes, and the shape of the image that
 * the first input was before a Flatten; it returns what computes the output from the inputs that change.
 */
const operators = {
  Conv([x, w, bias], { group = 1, activation = 'linear', ...attributes }) {
    const isDepthwise = group > 1
    if (isDepthwise && (group !== w.shape[0] || group !== x.shape[3]))
      throw new Error('only depthwise groups are supported')
    const convolve = isDepthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d
    const { pad, strides } = windowOf(attributes)
    const filter = filterOf(w, isDepthwise)
    return (x) => convolve({ x, filter, strides, pad, bias, activation })
  },
  Gemm([, w, bias], { transB, activation = 'linear' }, image) {
    const matrix = transB ? tf.transpose(w) : w
    const b = image ? forImage(matrix, image) : matrix
    return (a) => tf.fused.matMul({ a, b, bias, activation })
  },
  MatMul([, b]) {
    return (a) => tf.matMul(a, b)
  },
  MaxPool(_, attributes) {
    const { size, pad, strides } = windowOf(attributes)
    return (x) => tf.maxPool(x, size, strides, pad)
  },
  GlobalAveragePool: () => (x) => tf.mean(x, [1, 2], true),
  Flatten: () => (x) => tf.reshape(x, [x.shape[0], -1]),
  Add: () => (a, b) => tf.add(a, b),
  Relu: () => (x) => tf.relu(x),
  Softmax: () => (x) => tf.softmax(x),
}

/** The network as a list of steps { compute, inputs, output }, found by running it once from `values`. */
function trace({ constants, nodes }, values) {
  const steps = []
  const images = new Map()
  for (const [op, names, output, attributes = {}] of nodes) {
    const prepare = operators[op]
    if (!prepare) throw new Error(`"${output}": ${op} has no form in TensorFlow.js here`)
    const inputs = names.filter((name) => !(name in constants))
    const tensors = names.map((name) => values.get(name))
    const compute = prepare(tensors, attributes, images.get(names[0]))
    if (op === 'Flatten' && tensors[0].rank === 4) images.set(output, tensors[0].shape)
    values.set(output, compute(...inputs.map((name) => values.get(name))))
    steps.push({ compute, inputs, output })
  }
  return steps
}

/** The numbers of the tensor that `compute` returns. They are not tidy's result, which it would search for tensors. */
function inTidy(compute) {
  let data
  tf.tidy(() => {
    data = compute().dataSync()
  })
  return data
}

export async function startTfjs() {
  // Where a page may use threads it would take the other binary.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  await tf.setBackend('wasm')
  return {
    name: 'tfjs-backend-wasm',
    tier: 'simd128',
    precisions: ['float32'],
    /** One at a time: what it makes until `close` belongs to one scope. */
    async open(bytes, input) {
      tf.engine().startScope()
      const network = optimize(readModel(bytes))
      const [inputName] = Object.keys(network.inputs)
      const [outputName] = Object.keys(network.outputs)
      const values = new Map()
      for (const [name, { dims, data }] of Object.entries(network.constants))
        if (data instanceof Float32Array) values.set(name, tf.tensor(data, dims))
      const x = toLast(tf.tensor(input.data, input.shape))
      const [data, shape] = [x.dataSync(), x.shape]
      values.set(inputName, x)
      const steps = trace(network, values)
      const outputShape = values.get(outputName).shape

      const run = () =>
        inTidy(() => {
          const results = new Map([[inputName, tf.tensor(data, shape)]])
          for (const { compute, inputs, output } of steps)
            results.set(output, compute(...inputs.map((name) => results.get(name))))
          return results.get(outputName)
        })
      return {
        run: async () => run(),
        read: (outputs) => inTidy(() => toFirst(tf.tensor(outputs, outputShape))),
        close: () => tf.engine().endScope(),
      }
    },
  }
}
