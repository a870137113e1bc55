// Models as onnxruntime.quantization writes them (QDQ): int8 or uint8 activations, weights per tensor or per channel,
// symmetric or not, Relu before the QuantizeLinear, biases of int32, constants that are added; and the same in the operator
// form. Our integers against ONNX Runtime's.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { elements, randomFrom, randomTensor } from '../support/random.mjs'
import { assertIntegersAgree, toIntegers } from './compare.mjs'
import { buildModel, outputQuantization, readModel } from './onnx.mjs'
import { openModel, runtimes } from './ort.mjs'

const SAMPLES = 64
const CHANNELS = 8
const SIDE = 10
const CLASSES = 10
const FLAT = CHANNELS * (SIDE / 2) ** 2

const lowbit = await createLowbit()
after(() => lowbit.dispose())

const ranges = { uint8: [0, 255], int8: [-128, 127], int32: [-(2 ** 31), 2 ** 31 - 1] }
const arrays = { uint8: Uint8Array, int8: Int8Array, int32: Int32Array }

function quantized(type, data, scaleOf, zeroPoint) {
  const [min, max] = ranges[type]
  const integers = data.map((x, i) => Math.round(x / scaleOf(i)) + zeroPoint)
  return arrays[type].from(integers, (q) => Math.min(Math.max(q, min), max))
}

/** Collects nodes and constants; values are named by what makes them. */
class QdqModel {
  nodes = []
  constants = {}
  /** The scale of each quantized activation, by the name of its reals. */
  scales = {}

  constructor({ activations, weights, perChannel }) {
    Object.assign(this, { activations, weights, perChannel })
  }

  constant(name, type, dims, data) {
    this.constants[name] = { type, dims, data }
    return name
  }

  /** Parameters of an activation in [low, high]. */
  activation(name, low, high) {
    const [min, max] = ranges[this.activations]
    const scale = Math.fround((high - low) / (max - min))
    const zeroPoint = Math.round(min - low / scale)
    this.constant(`${name}_scale`, 'float32', [], Float32Array.of(scale))
    this.constant(`${name}_zero`, this.activations, [], arrays[this.activations].of(zeroPoint))
    this.scales[`${name}_dq`] = scale
    return { scale, zeroPoint }
  }

  /** `real` through Q and DQ, in [low, high]; returns the name of the reals behind them. */
  pair(real, name, low, high) {
    this.activation(name, low, high)
    const parameters = [`${name}_scale`, `${name}_zero`]
    this.nodes.push(['QuantizeLinear', [real, ...parameters], `${name}_q`])
    this.nodes.push(['DequantizeLinear', [`${name}_q`, ...parameters], `${name}_dq`])
    return `${name}_dq`
  }

  /** Weights of `data` with output channels along `axis`. */
  weight(name, dims, data, axis) {
    const inner = elements(dims.slice(axis + 1))
    const channels = this.perChannel ? dims[axis] : 1
    const channelOf = (i) => (this.perChannel ? Math.floor(i / inner) % dims[axis] : 0)
    const largest = new Float32Array(channels)
    for (const [i, x] of data.entries())
      largest[channelOf(i)] = Math.max(largest[channelOf(i)], Math.abs(x))
    const scales = largest.map((x) => x / 127)
    const zeroPoint = { int8: 0, uint8: 128, 'uint8, off the middle': 117 }[this.weights]
    const type = this.weights.split(',')[0]
    this.scales[`${name}_dq`] = scales
    const shape = this.perChannel ? [channels] : []
    this.constant(
      name,
      type,
      dims,
      quantized(type, data, (i) => scales[channelOf(i)], zeroPoint),
    )
    this.constant(`${name}_scale`, 'float32', shape, scales)
    const zeros = new arrays[type](channels).fill(zeroPoint)
    this.constant(`${name}_zero`, type, shape, zeros)
    const inputs = [name, `${name}_scale`, `${name}_zero`]
    this.nodes.push(['DequantizeLinear', inputs, `${name}_dq`, this.perChannel ? { axis } : {}])
    return `${name}_dq`
  }

  bias(name, data, input, weight) {
    const scales = Float32Array.from(this.scales[weight], (s) => this.scales[input] * s)
    const scaleOf = (i) => scales[this.perChannel ? i : 0]
    this.constant(name, 'int32', [data.length], quantized('int32', data, scaleOf, 0))
    this.constant(`${name}_scale`, 'float32', this.perChannel ? [data.length] : [], scales)
    const axis = this.perChannel ? { axis: 0 } : {}
    this.nodes.push(['DequantizeLinear', [name, `${name}_scale`], `${name}_dq`, axis])
    return `${name}_dq`
  }

  /** A constant that is added, as an activation is quantized. */
  addend(name, data) {
    const { scale, zeroPoint } = this.activation(name, Math.min(...data, 0), Math.max(...data, 0))
    this.constant(
      name,
      this.activations,
      [data.length],
      quantized(this.activations, data, () => scale, zeroPoint),
    )
    this.nodes.push(['DequantizeLinear', [name, `${name}_scale`, `${name}_zero`], `${name}_dq`])
    return `${name}_dq`
  }

  bytes() {
    const last = this.nodes.at(-1)
    const y = last[2]
    return buildModel({
      inputs: { x: ['N', CHANNELS, SIDE, SIDE] },
      outputs: { [y]: ['N', CLASSES] },
      constants: this.constants,
      nodes: this.nodes,
    })
  }
}

function network(options, random) {
  const model = new QdqModel(options)
  const uniform = (dims, size) => randomTensor(random, dims, size).data
  const x = model.pair('x', 'x', -1, 1.5)
  const w = model.weight(
    'w',
    [CHANNELS, CHANNELS, 3, 3],
    uniform([CHANNELS * CHANNELS * 9], 0.2),
    0,
  )
  const b = model.bias('b', uniform([CHANNELS], 0.3), x, w)
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }
  model.nodes.push(['Conv', [x, w, b], 'conv', window], ['Relu', ['conv'], 'relu'])
  const c = model.pair('relu', 'c', 0, 2)
  model.nodes.push(['GlobalAveragePool', [c], 'mean'])
  const g = model.pair('mean', 'g', 0, 1)
  model.nodes.push(['HardSigmoid', [g], 'gate'])
  const s = model.pair('gate', 's', 0, 1)
  model.nodes.push(['Mul', [c, s], 'scaled'])
  const m = model.pair('scaled', 'm', 0, 1.5)
  const pooling = { kernel_shape: [2, 2], strides: [2, 2] }
  model.nodes.push(['MaxPool', [m], 'pool', pooling])
  const p = model.pair('pool', 'p', 0, 1.5)
  model.nodes.push(['Flatten', [p], 'flat', { axis: 1 }])
  const f = model.pair('flat', 'f', 0, 1.5)
  const v = model.weight('v', [FLAT, CLASSES], uniform([FLAT * CLASSES], 0.2), 1)
  model.nodes.push(['MatMul', [f, v], 'product'])
  const h = model.pair('product', 'h', -3, 3)
  const a = model.addend('a', uniform([CLASSES], 1))
  model.nodes.push(['Add', [h, a], 'sum'])
  model.pair('sum', 'y', -3, 3)
  return model.bytes()
}

for (const options of [
  { activations: 'uint8', weights: 'int8', perChannel: true },
  { activations: 'uint8', weights: 'int8', perChannel: false },
  { activations: 'int8', weights: 'int8', perChannel: true },
  { activations: 'int8', weights: 'int8', perChannel: false },
  { activations: 'uint8', weights: 'uint8', perChannel: false },
  { activations: 'uint8', weights: 'uint8, off the middle', perChannel: false },
]) {
  const { activations, weights, perChannel } = options
  test(`${activations} activations, ${weights} weights per ${perChannel ? 'channel' : 'tensor'}`, async (t) => {
    const bytes = network(options, randomFrom(5))
    const quantization = outputQuantization(bytes)
    const random = randomFrom(6)
    const shape = [SAMPLES, CHANNELS, SIDE, SIDE]
    const data = Float32Array.from({ length: elements(shape) }, () => 2.6 * random() - 1.05)
    const model = await lowbit.load(bytes)
    const [ours] = await model.run([{ shape, data }])
    const integers = toIntegers(ours.data, quantization)
    assert.ok(new Set(integers).size > 32, 'the outputs vary')
    const operators = await model.save('onnx', { form: 'operators' })
    for (const runtime of runtimes) {
      for (const [form, file] of Object.entries({ QDQ: bytes, operators })) {
        const session = await openModel(runtime, file)
        const theirs = await session.run([{ shape, data }])
        await session.release()
        const result = assertIntegersAgree(integers, toIntegers(theirs, quantization))
        t.diagnostic(`${runtime}, ${form}: ${result}`)
      }
    }

    const written = readModel(operators).nodes.map(([op]) => op)
    const expected = ['Conv', 'GlobalAveragePool', 'Mul', 'MatMul', 'Add'].map(
      (op) => `QLinear${op}`,
    )
    assert.deepEqual(
      expected.filter((op) => !written.includes(op)),
      [],
      'the layers compute on integers',
    )
    for (const file of [operators, await model.save('onnx')]) {
      const again = await lowbit.load(file)
      const [saved] = await again.run([{ shape, data }])
      assert.deepEqual(saved.data, ours.data)
    }
  })
}
