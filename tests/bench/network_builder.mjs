// Builds networks with seeded weights, node by node. Weights are uniform and of the size that keeps the variance from layer
// to layer (He et al. 2015, section 2.2); batch normalization counts as folded into them.

import { buildModel } from '../oracle/onnx.mjs'
import { randomFrom, randomTensor } from '../support/random.mjs'
import { outputShape } from './macs.mjs'

const BIAS_SIZE = 0.1

/** Padding that makes the output ceil(length / stride) long, the odd one at the end, as TensorFlow's "same". */
function samePadding(length, kernel, stride) {
  const total = Math.max((Math.ceil(length / stride) - 1) * stride + kernel - length, 0)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/**
 * A network of one input of that shape, named "x". Each method adds nodes and returns the name of the last one's output;
 * layers take the name of their input, and `relu: true` for a Relu behind them.
 */
export class NetworkBuilder {
  #random
  #shapes = new Map()
  #input
  #constants = {}
  #nodes = []

  constructor(input, seed) {
    this.#random = randomFrom(seed)
    this.#input = input
    this.#shapes.set('x', input)
  }

  /** `kernel` [height, width] is square where it is a number; padding as in TensorFlow's "same". */
  conv(x, channels, kernel, { stride = 1, relu = false } = {}) {
    return this.#convolve(x, this.#shapes.get(x)[1], channels, kernel, { stride, relu, group: 1 })
  }

  depthwise(x, kernel, { stride = 1, relu = false } = {}) {
    const channels = this.#shapes.get(x)[1]
    return this.#convolve(x, 1, channels, kernel, { stride, relu, group: channels })
  }

  dense(x, outputs, { relu = false } = {}) {
    const inputs = this.#shapes.get(x)[1]
    const w = this.#weights([outputs, inputs], inputs, relu)
    return this.#layer('Gemm', [x, w, this.#biases(outputs)], { transB: 1 }, relu)
  }

  /** A product with a constant matrix, without bias. */
  matmul(x, columns) {
    const rows = this.#shapes.get(x)[1]
    return this.#node('MatMul', [x, this.#weights([rows, columns], rows, false)])
  }

  add(a, b, { relu = false } = {}) {
    return this.#layer('Add', [a, b], {}, relu)
  }

  /** The mean of each channel, as [batch, channels]. */
  globalAverage(x) {
    return this.#node('Flatten', [this.#node('GlobalAveragePool', [x])], { axis: 1 })
  }

  softmax(x) {
    return this.#node('Softmax', [x], { axis: -1 })
  }

  /** The network as ONNX bytes; its output is the value that was added last. */
  finish() {
    const output = this.#nodes.at(-1)[2]
    return buildModel({
      inputs: { x: this.#input },
      outputs: { [output]: this.#shapes.get(output) },
      constants: this.#constants,
      nodes: this.#nodes,
    })
  }

  #convolve(x, depth, channels, kernel, { stride, relu, group }) {
    const [height, width] = typeof kernel === 'number' ? [kernel, kernel] : kernel
    const [, , inputHeight, inputWidth] = this.#shapes.get(x)
    const [top, bottom] = samePadding(inputHeight, height, stride)
    const [left, right] = samePadding(inputWidth, width, stride)
    const w = this.#weights([channels, depth, height, width], depth * height * width, relu)
    const attributes = {
      group,
      kernel_shape: [height, width],
      pads: [top, left, bottom, right],
      strides: [stride, stride],
    }
    return this.#layer('Conv', [x, w, this.#biases(channels)], attributes, relu)
  }

  /** A Relu halves the second moment, so the weights before it are larger. */
  #weights(shape, fanIn, relu) {
    return this.#constant(shape, Math.sqrt((relu ? 6 : 3) / fanIn))
  }

  #biases(count) {
    return this.#constant([count], BIAS_SIZE)
  }

  #constant(shape, size) {
    const name = `c${Object.keys(this.#constants).length}`
    const { data } = randomTensor(this.#random, shape, size)
    this.#constants[name] = { type: 'float32', dims: shape, data }
    this.#shapes.set(name, shape)
    return name
  }

  #layer(op, inputs, attributes, relu) {
    const output = this.#node(op, inputs, attributes)
    return relu ? this.#node('Relu', [output]) : output
  }

  #node(op, inputs, attributes = {}) {
    const node = [op, inputs, `n${this.#nodes.length}`, attributes]
    const shapes = inputs.map((name) => this.#shapes.get(name))
    this.#shapes.set(node[2], outputShape(node, shapes))
    this.#nodes.push(node)
    return node[2]
  }
}
