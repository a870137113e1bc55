import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildModel, outputQuantization, readModel } from './onnx.mjs'

const scalars = (scale, type, zeroPoint) => ({
  scale: { type: 'float32', dims: [], data: Float32Array.of(scale) },
  zero: { type, dims: [], data: zeroPoint },
})

const quantizeAndBack = (constants) =>
  buildModel({
    inputs: { x: ['N', 4] },
    outputs: { y: ['N', 4] },
    constants,
    nodes: [
      ['QuantizeLinear', ['x', 'scale', 'zero'], 'q'],
      ['DequantizeLinear', ['q', 'scale', 'zero'], 'y'],
    ],
  })

test('a model is written in the bytes that onnx.proto and protobuf prescribe', () => {
  const model = buildModel({
    inputs: { x: ['N', 2] },
    outputs: { y: [300] },
    constants: { c: { type: 'float32', dims: [], data: Float32Array.of(1) } },
    nodes: [['Op', ['x', 'c'], 'y', { axis: -1, pads: [1, 300] }]],
    opset: 13,
  })
  const expected = [
    '0808', // ModelProto.ir_version 8
    '3a79', // .graph of 121 bytes
    ['0a3b', '0a0178', '0a0163', '120179', '1a066d616b655f79', '22024f70'], // .node: inputs, output, name, op_type
    ['2a14', '0a0461786973', '18ffffffffffffffffff01', 'a00102'].join(''), // .attribute axis = -1, INT
    ['2a0e', '0a0470616473', '4001', '40ac02', 'a00107'].join(''), // .attribute pads = 1, 300, INTS
    '12056772617068', // .name "graph"
    ['2a0b', '1001', '420163', '4a040000803f'], // .initializer "c": FLOAT, raw_data 1.0
    ['5a14', '0a0178', '120f', '0a0d', '0801', '1209', '0a0312014e', '0a020802'], // .input "x": FLOAT ["N", 2]
    ['6210', '0a0179', '120b', '0a09', '0801', '1205', '0a0308ac02'], // .output "y": FLOAT [300]
    ['4202', '100d'], // ModelProto.opset_import, version 13
  ]
  assert.equal(Buffer.from(model).toString('hex'), expected.flat().join(''))
})

test('a model that is read is what was written', () => {
  const model = {
    inputs: { x: ['N', 3, 300] },
    outputs: { y: ['N', 2] },
    constants: {
      w: { type: 'float32', dims: [2, 1], data: Float32Array.of(-1.5, 2) },
      to: { type: 'int64', dims: [2], data: BigInt64Array.of(-1n, 2n) },
      z: { type: 'uint8', dims: [], data: Uint8Array.of(200) },
    },
    nodes: [
      ['Op', ['x', 'w'], 'h', { axis: -1, pads: [1, 300] }],
      ['Reshape', ['h', 'to'], 'y', {}],
    ],
    opset: 13,
  }
  assert.deepEqual(readModel(buildModel(model)), model)
})

test('attributes that are no integers are floats and texts', () => {
  const attributes = { f: 0.5, t: 'tanh' }
  const model = buildModel({
    inputs: { x: [1] },
    outputs: { y: [1] },
    nodes: [['Op', ['x'], 'y', attributes]],
  })
  const hex = Buffer.from(model).toString('hex')
  assert.ok(hex.includes('0a0166150000003fa00101'), 'f = 0.5, FLOAT')
  assert.ok(hex.includes('0a0174220474616e68a00103'), 't = "tanh", STRING')
  assert.deepEqual(readModel(model).nodes[0][3], attributes)
})

test('the parameters before the output are read, unsigned and signed', () => {
  const unsigned = quantizeAndBack(scalars(0.1, 'uint8', Uint8Array.of(200)))
  assert.deepEqual(outputQuantization(unsigned), {
    scale: Math.fround(0.1),
    zeroPoint: 200,
    min: 0,
    max: 255,
  })
  const signed = quantizeAndBack(scalars(0.25, 'int8', Int8Array.of(-7)))
  assert.deepEqual(outputQuantization(signed), { scale: 0.25, zeroPoint: -7, min: -128, max: 127 })
})

test('the DequantizeLinear of the output is found by its name, not by its place', () => {
  const model = buildModel({
    inputs: { x: ['N', 4] },
    outputs: { y: ['N', 4] },
    constants: {
      ...scalars(0.5, 'uint8', Uint8Array.of(3)),
      other: { type: 'float32', dims: [], data: Float32Array.of(2) },
    },
    nodes: [
      ['QuantizeLinear', ['x', 'scale', 'zero'], 'q'],
      ['DequantizeLinear', ['q', 'scale', 'zero'], 'y'],
      ['DequantizeLinear', ['q', 'other', 'zero'], 'unused'],
    ],
  })
  assert.equal(outputQuantization(model).scale, 0.5)
})

test('a model without integer output is refused', () => {
  const model = buildModel({
    inputs: { x: [1] },
    outputs: { y: [1] },
    nodes: [['Relu', ['x'], 'y']],
  })
  assert.throws(() => outputQuantization(model), /"y" is made by Relu, not by DequantizeLinear/)
})

test('a scale that is no scalar initializer is refused', () => {
  const constants = scalars(1, 'uint8', Uint8Array.of(0))
  constants.scale = { type: 'float32', dims: [2], data: Float32Array.of(1, 2) }
  assert.throws(
    () => outputQuantization(quantizeAndBack(constants)),
    /"scale" is no float32, uint8 or int8 scalar/,
  )
})

test('a file cut short is refused', () => {
  const model = quantizeAndBack(scalars(1, 'uint8', Uint8Array.of(0)))
  assert.throws(() => outputQuantization(model.subarray(0, model.length - 8)), /cut short/)
})
