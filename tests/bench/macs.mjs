// How much work a network is: the shape of every value, and the multiply-adds of its products. Networks are described as
// in tests/oracle/onnx.mjs; a symbolic dimension counts as 1.

import { elements } from '../support/random.mjs'

/** The output length of a window that slides along one axis, without dilation. */
const slide = (length, pad, kernel, stride) => Math.floor((length + pad - kernel) / stride) + 1

function windowed(
  [batch, , ...lengths],
  channels,
  kernel,
  { pads = [0, 0, 0, 0], strides = [1, 1] },
) {
  const outer = lengths.map((length, i) =>
    slide(length, pads[i] + pads[i + 2], kernel[i], strides[i]),
  )
  return [batch, channels, ...outer]
}

const product = (x, w, { transB }) => [...x.slice(0, -1), transB ? w[0] : w[1]]
const unchanged = ([x]) => x

const rules = {
  Conv: ([x, w], attributes) => windowed(x, w[0], w.slice(2), attributes),
  Gemm: ([x, w], attributes) => product(x, w, attributes),
  MatMul: ([x, w], attributes) => product(x, w, attributes),
  MaxPool: ([x], attributes) => windowed(x, x[1], attributes.kernel_shape, attributes),
  GlobalAveragePool: ([x]) => [x[0], x[1], 1, 1],
  Flatten: ([x]) => [x[0], elements(x.slice(1))],
  Add: unchanged,
  BatchNormalization: unchanged,
  Clip: unchanged,
  Relu: unchanged,
  Softmax: unchanged,
}

/** The shape of the output of a node [operator, inputs, output, attributes], from those of its inputs. */
export function outputShape([op, , output, attributes = {}], inputShapes) {
  const rule = rules[op]
  if (!rule) throw new Error(`"${output}": no shape rule for ${op}`)
  return rule(inputShapes, attributes)
}

export const concrete = (dims) => dims.map((dim) => (typeof dim === 'string' ? 1 : dim))

/** Multiply-adds of the convolutions and matrix products of one run; those with padding count, biases do not. */
export function countMacs({ inputs, constants, nodes }) {
  const shapes = new Map()
  for (const [name, dims] of Object.entries(inputs)) shapes.set(name, concrete(dims))
  for (const [name, { dims }] of Object.entries(constants)) shapes.set(name, dims)
  let macs = 0
  for (const node of nodes) {
    const [op, names, output] = node
    const inputShapes = names.map((name) => shapes.get(name))
    const shape = outputShape(node, inputShapes)
    shapes.set(output, shape)
    const [x, w] = inputShapes
    if (op === 'Conv') macs += elements(shape) * elements(w.slice(1))
    if (op === 'Gemm' || op === 'MatMul') macs += elements(shape) * x.at(-1)
  }
  return macs
}
