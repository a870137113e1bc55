// Small FP32 networks, at least one for every operator with an integer form, with seeded random weights and inputs.

import { elements, randomFrom, randomTensor } from '../support/random.mjs'
import { buildModel } from './onnx.mjs'

function constant(random, shape, size) {
  return { type: 'float32', dims: shape, data: randomTensor(random, shape, size).data }
}

const scalar = (value) => ({ type: 'float32', dims: [], data: Float32Array.of(value) })
const int64 = (...values) => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
})

const SIDE = 12
const CHANNELS = 8
const PIXELS = SIDE * SIDE
const image = ['N', CHANNELS, SIDE, SIDE]
const same3x3 = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }

/** A network of one input "x": `weights` are shapes by name, `output` is the shape of "y" without its first dimension. */
const network = (input, output, weights, nodes, constants = {}) => ({
  input,
  output,
  weights,
  nodes,
  constants,
  opset: 17,
  range: [-0.5, 1],
})

/** The functions of one value, each as a node from x to y. */
export const unaryNodes = {
  Sigmoid: ['Sigmoid', ['x'], 'y'],
  Tanh: ['Tanh', ['x'], 'y'],
  LeakyRelu: ['LeakyRelu', ['x'], 'y'],
  'LeakyRelu, steep': ['LeakyRelu', ['x'], 'y', { alpha: 0.3 }],
  Elu: ['Elu', ['x'], 'y'],
  'Elu, flat': ['Elu', ['x'], 'y', { alpha: 0.5 }],
  Selu: ['Selu', ['x'], 'y'],
  HardSigmoid: ['HardSigmoid', ['x'], 'y'],
  'HardSigmoid, off its defaults': ['HardSigmoid', ['x'], 'y', { alpha: 0.15, beta: 0.4 }],
  HardSwish: ['HardSwish', ['x'], 'y'],
  Softplus: ['Softplus', ['x'], 'y'],
  Softsign: ['Softsign', ['x'], 'y'],
  Mish: ['Mish', ['x'], 'y'],
  Gelu: ['Gelu', ['x'], 'y'],
  'Gelu, approximate': ['Gelu', ['x'], 'y', { approximate: 'tanh' }],
  Erf: ['Erf', ['x'], 'y'],
  Sqrt: ['Sqrt', ['x'], 'y'],
  Exp: ['Exp', ['x'], 'y'],
  Log: ['Log', ['x'], 'y'],
  Neg: ['Neg', ['x'], 'y'],
  Abs: ['Abs', ['x'], 'y'],
  Reciprocal: ['Reciprocal', ['x'], 'y'],
  Floor: ['Floor', ['x'], 'y'],
  Ceil: ['Ceil', ['x'], 'y'],
  Round: ['Round', ['x'], 'y'],
  Sign: ['Sign', ['x'], 'y'],
}
/** Of them, those that have values above zero only. */
export const positiveOnly = new Set(['Sqrt', 'Log', 'Reciprocal'])
/** Those that have few values: joined to x, for sums of so regular numbers have many ties (src/qmath/add.h). */
const steps = new Set(['Floor', 'Ceil', 'Round', 'Sign'])
/** The first opset that has all of them. */
export const UNARY_OPSET = 20

/** Over a range in which all of them bend. */
const unary = ([operator, inputs, output, attributes]) => ({
  ...(steps.has(operator)
    ? network(image, [2 * CHANNELS, SIDE, SIDE], {}, [
        [operator, inputs, 's', attributes],
        ['Concat', ['x', 's'], output, { axis: 1 }],
      ])
    : network(image, [CHANNELS, SIDE, SIDE], {}, [[operator, inputs, output, attributes]])),
  opset: UNARY_OPSET,
  range: [positiveOnly.has(operator) ? 0.25 : -5, 6],
})

const filter3x3 = { w: [CHANNELS, CHANNELS, 3, 3], b: [CHANNELS] }

const networks = {
  Conv: network(image, [CHANNELS, SIDE, SIDE], filter3x3, [
    ['Conv', ['x', 'w', 'b'], 'y', same3x3],
  ]),
  'Conv without bias, 1 x 1': network(image, [24, SIDE, SIDE], { w: [24, CHANNELS, 1, 1] }, [
    ['Conv', ['x', 'w'], 'y', { kernel_shape: [1, 1] }],
  ]),
  'Conv, 5 x 5, stride 2': network(image, [5, 6, 6], { w: [5, CHANNELS, 5, 5], b: [5] }, [
    ['Conv', ['x', 'w', 'b'], 'y', { kernel_shape: [5, 5], pads: [2, 2, 2, 2], strides: [2, 2] }],
  ]),
  'Conv, depthwise': network(
    image,
    [CHANNELS, SIDE, SIDE],
    { w: [CHANNELS, 1, 3, 3], b: [CHANNELS] },
    [['Conv', ['x', 'w', 'b'], 'y', { ...same3x3, group: CHANNELS }]],
  ),
  'Conv, Relu': network(image, [CHANNELS, SIDE, SIDE], filter3x3, [
    ['Conv', ['x', 'w', 'b'], 'c', same3x3],
    ['Relu', ['c'], 'y'],
  ]),
  'Conv, Clip': network(
    image,
    [CHANNELS, SIDE, SIDE],
    filter3x3,
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['Clip', ['c', 'low', 'high'], 'y'],
    ],
    { low: scalar(0), high: scalar(0.5) },
  ),
  'MaxPool, BatchNormalization, Relu': network(
    image,
    [CHANNELS, SIDE / 2, SIDE / 2],
    { gain: [CHANNELS], shift: [CHANNELS], mean: [CHANNELS] },
    [
      ['MaxPool', ['x'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }],
      ['BatchNormalization', ['p', 'gain', 'shift', 'mean', 'variance'], 'n'],
      ['Relu', ['n'], 'y'],
    ],
    {
      variance: {
        type: 'float32',
        dims: [CHANNELS],
        data: Float32Array.of(1, 2, 3, 4, 0.5, 0.1, 1, 1),
      },
    },
  ),
  'Conv, BatchNormalization, Relu': network(
    image,
    [CHANNELS, SIDE, SIDE],
    { ...filter3x3, gain: [CHANNELS], shift: [CHANNELS], mean: [CHANNELS] },
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['BatchNormalization', ['c', 'gain', 'shift', 'mean', 'variance'], 'n'],
      ['Relu', ['n'], 'y'],
    ],
    {
      variance: {
        type: 'float32',
        dims: [CHANNELS],
        data: Float32Array.of(1, 2, 3, 4, 0.5, 0.1, 1, 1),
      },
    },
  ),
  Relu: network(image, [CHANNELS, SIDE, SIDE], {}, [['Relu', ['x'], 'y']]),
  Clip: network(image, [CHANNELS, SIDE, SIDE], {}, [['Clip', ['x', 'low', 'high'], 'y']], {
    low: scalar(-0.25),
    high: scalar(0.5),
  }),
  Gemm: network(['N', PIXELS], [10], { w: [10, PIXELS], b: [10] }, [
    ['Gemm', ['x', 'w', 'b'], 'y', { transB: 1 }],
  ]),
  'Gemm, Relu, Gemm': network(
    ['N', PIXELS],
    [10],
    { w: [PIXELS, 32], b: [32], v: [32, 10], c: [10] },
    [
      ['Gemm', ['x', 'w', 'b'], 'h'],
      ['Relu', ['h'], 'r'],
      ['Gemm', ['r', 'v', 'c'], 'y'],
    ],
  ),
  MatMul: network(['N', PIXELS], [10], { w: [PIXELS, 10] }, [['MatMul', ['x', 'w'], 'y']]),
  Add: network(image, [CHANNELS, SIDE, SIDE], filter3x3, [
    ['Conv', ['x', 'w', 'b'], 'c', same3x3],
    ['Add', ['x', 'c'], 'y'],
  ]),
  'Add, Relu': network(image, [CHANNELS, SIDE, SIDE], filter3x3, [
    ['Conv', ['x', 'w', 'b'], 'c', same3x3],
    ['Add', ['c', 'x'], 'a'],
    ['Relu', ['a'], 'y'],
  ]),
  Mul: network(image, [CHANNELS, SIDE, SIDE], filter3x3, [
    ['Conv', ['x', 'w', 'b'], 'c', same3x3],
    ['Mul', ['x', 'c'], 'y'],
  ]),
  'squeeze and excite': network(
    image,
    [CHANNELS, SIDE, SIDE],
    { ...filter3x3, v: [CHANNELS, CHANNELS, 1, 1], d: [CHANNELS] },
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['GlobalAveragePool', ['c'], 'g'],
      ['Conv', ['g', 'v', 'd'], 'e', { kernel_shape: [1, 1] }],
      ['HardSigmoid', ['e'], 's'],
      ['Mul', ['c', 's'], 'y'],
    ],
  ),
  MaxPool: network(image, [CHANNELS, 6, 6], {}, [
    ['MaxPool', ['x'], 'y', { kernel_shape: [2, 2], strides: [2, 2] }],
  ]),
  'MaxPool, padded': network(image, [CHANNELS, 6, 6], {}, [
    ['MaxPool', ['x'], 'y', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ]),
  AveragePool: network(image, [CHANNELS, 6, 6], {}, [
    ['AveragePool', ['x'], 'y', { kernel_shape: [2, 2], strides: [2, 2] }],
  ]),
  'AveragePool, padded': network(image, [CHANNELS, 6, 6], {}, [
    ['AveragePool', ['x'], 'y', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ]),
  'AveragePool, padding counted': network(image, [CHANNELS, 6, 6], {}, [
    [
      'AveragePool',
      ['x'],
      'y',
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
    ],
  ]),
  GlobalAveragePool: network(image, [CHANNELS, 1, 1], {}, [['GlobalAveragePool', ['x'], 'y']]),
  'Flatten, Gemm': network(image, [10], { w: [10, CHANNELS * PIXELS], b: [10] }, [
    ['Flatten', ['x'], 'f', { axis: 1 }],
    ['Gemm', ['f', 'w', 'b'], 'y', { transB: 1 }],
  ]),
  'Reshape, Gemm': network(
    image,
    [10],
    { w: [10, CHANNELS * PIXELS], b: [10] },
    [
      ['Reshape', ['x', 'to'], 'f'],
      ['Gemm', ['f', 'w', 'b'], 'y', { transB: 1 }],
    ],
    { to: int64(-1, CHANNELS * PIXELS) },
  ),
  'Identity, Dropout, MatMul': network(['N', PIXELS], [10], { w: [PIXELS, 10] }, [
    ['Identity', ['x'], 'i'],
    ['Dropout', ['i'], 'd'],
    ['MatMul', ['d', 'w'], 'y'],
  ]),
  Concat: network(image, [2 * CHANNELS, SIDE, SIDE], filter3x3, [
    ['Conv', ['x', 'w', 'b'], 'c', same3x3],
    ['Concat', ['x', 'c'], 'y', { axis: 1 }],
  ]),
  Transpose: network(image, [SIDE, CHANNELS, SIDE], filter3x3, [
    ['Conv', ['x', 'w', 'b'], 'c', same3x3],
    ['Transpose', ['c'], 'y', { perm: [0, 3, 1, 2] }],
  ]),
  'Unsqueeze, Squeeze': network(
    image,
    [CHANNELS, SIDE, SIDE],
    filter3x3,
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['Unsqueeze', ['c', 'axis'], 'u'],
      ['Squeeze', ['u', 'axis'], 'y'],
    ],
    { axis: int64(2) },
  ),
  Slice: network(
    image,
    [3, SIDE, 5],
    filter3x3,
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['Slice', ['c', 'from', 'to', 'axes', 'steps'], 'y'],
    ],
    { from: int64(1, -2), to: int64(4, 1), axes: int64(1, 3), steps: int64(1, -2) },
  ),
  Gather: network(
    image,
    [4, SIDE, SIDE],
    filter3x3,
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['Gather', ['c', 'places'], 'y', { axis: 1 }],
    ],
    { places: int64(3, 0, 0, 7) },
  ),
  'Pad, Conv': network(
    image,
    [CHANNELS, SIDE, SIDE],
    filter3x3,
    [
      ['Pad', ['x', 'pads'], 'p'],
      ['Conv', ['p', 'w', 'b'], 'y', { kernel_shape: [3, 3] }],
    ],
    { pads: int64(0, 0, 1, 1, 0, 0, 1, 1) },
  ),
  'Pad by reflection': network(
    image,
    [CHANNELS, SIDE + 3, SIDE + 1],
    {},
    [['Pad', ['x', 'pads'], 'y', { mode: 'reflect' }]],
    { pads: int64(0, 0, 1, 0, 0, 0, 2, 1) },
  ),
  'GlobalAveragePool, Expand': network(
    image,
    [CHANNELS, 3, 2],
    {},
    [
      ['GlobalAveragePool', ['x'], 'g'],
      ['Expand', ['g', 'shape'], 'y'],
    ],
    { shape: int64(1, 1, 3, 2) },
  ),
  Tile: network(image, [CHANNELS, 2 * SIDE, SIDE], {}, [['Tile', ['x', 'repeats'], 'y']], {
    repeats: int64(1, 1, 2, 1),
  }),
  'SpaceToDepth, DepthToSpace': network(image, [CHANNELS, SIDE, SIDE], {}, [
    ['SpaceToDepth', ['x'], 's', { blocksize: 2 }],
    ['DepthToSpace', ['s'], 'y', { blocksize: 2, mode: 'CRD' }],
  ]),
  'Resize to the nearest': network(
    image,
    [CHANNELS, 2 * SIDE, 2 * SIDE],
    filter3x3,
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      [
        'Resize',
        ['c', '', 'scales'],
        'y',
        { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      ],
    ],
    { scales: { type: 'float32', dims: [4], data: Float32Array.of(1, 1, 2, 2) } },
  ),
  'Resize, linear': network(
    image,
    [CHANNELS, 2 * SIDE, 2 * SIDE],
    filter3x3,
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['Resize', ['c', '', 'scales'], 'y', { mode: 'linear' }],
    ],
    { scales: { type: 'float32', dims: [4], data: Float32Array.of(1, 1, 2, 2) } },
  ),
  'Gemm, Softmax': network(['N', PIXELS], [10], { w: [10, PIXELS], b: [10] }, [
    ['Gemm', ['x', 'w', 'b'], 'z', { transB: 1 }],
    ['Softmax', ['z'], 'y', { axis: -1 }],
  ]),
  ...Object.fromEntries(Object.entries(unaryNodes).map(([name, node]) => [name, unary(node)])),
  'Conv, Sigmoid, Gemm': network(image, [10], { ...filter3x3, v: [10, CHANNELS * PIXELS] }, [
    ['Conv', ['x', 'w', 'b'], 'c', same3x3],
    ['Sigmoid', ['c'], 's'],
    ['Flatten', ['s'], 'f', { axis: 1 }],
    ['Gemm', ['f', 'v'], 'y', { transB: 1 }],
  ]),
  'LeNet in small': network(image, [10], { ...filter3x3, v: [10, CHANNELS * 36], c: [10] }, [
    ['Conv', ['x', 'w', 'b'], 'h', same3x3],
    ['Relu', ['h'], 'r'],
    ['MaxPool', ['r'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }],
    ['Flatten', ['p'], 'f', { axis: 1 }],
    ['Gemm', ['f', 'v', 'c'], 'y', { transB: 1 }],
  ]),
  'Conv, HardSwish in pieces': network(
    image,
    [CHANNELS, SIDE, SIDE],
    filter3x3,
    [
      ['Conv', ['x', 'w', 'b'], 'c', same3x3],
      ['Add', ['c', 'three'], 'a'],
      ['Clip', ['a', 'zero', 'six'], 'g'],
      ['Mul', ['c', 'g'], 'p'],
      ['Div', ['p', 'six'], 'y'],
    ],
    { zero: scalar(0), three: scalar(3), six: scalar(6) },
  ),
  'MatMul, LayerNormalization in pieces, MatMul': network(
    ['N', 6, 16],
    [6, 10],
    { u: [16, 16], g: [16], s: [16], w: [16, 10] },
    [
      ['MatMul', ['x', 'u'], 'c'],
      ['ReduceMean', ['c'], 'm', { axes: [-1] }],
      ['Sub', ['c', 'm'], 'd'],
      ['Pow', ['d', 'two'], 'q'],
      ['ReduceMean', ['q'], 'v', { axes: [-1] }],
      ['Add', ['v', 'epsilon'], 'e'],
      ['Sqrt', ['e'], 'r'],
      ['Div', ['d', 'r'], 'n'],
      ['Mul', ['n', 'g'], 'h'],
      ['Add', ['h', 's'], 'l'],
      ['MatMul', ['l', 'w'], 'y'],
    ],
    { two: scalar(2), epsilon: scalar(1e-5) },
  ),
}

/** Each network as { name, operators, bytes, samples(count, seed) }; samples are a { shape, data } within its range. */
export const operatorModels = Object.entries(networks).map(([name, network], index) => {
  const random = randomFrom(index + 1)
  const weights = Object.entries(network.weights).map(([key, shape]) => {
    // The size keeps values about as large from layer to layer (He et al. 2015, section 2.2); biases are small.
    const size = shape.length === 1 ? 0.1 : Math.sqrt(3 / elements(shape.slice(1)))
    return [key, constant(random, shape, size)]
  })
  const bytes = buildModel({
    inputs: { x: network.input },
    outputs: { y: ['N', ...network.output] },
    constants: { ...Object.fromEntries(weights), ...network.constants },
    nodes: network.nodes,
    opset: network.opset,
  })
  const [low, high] = network.range
  const samples = (count, seed) => {
    const shape = [count, ...network.input.slice(1)]
    const uniform = randomFrom(seed)
    return {
      shape,
      data: Float32Array.from({ length: elements(shape) }, () => low + (high - low) * uniform()),
    }
  }
  return { name, operators: network.nodes.map(([operator]) => operator), bytes, samples }
})
