import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readModel } from '../oracle/onnx.mjs'
import { countMacs } from './macs.mjs'
import * as networks from './networks.mjs'

const parametersOf = ({ constants }) =>
  Object.values(constants).reduce((sum, { data }) => sum + data.length, 0)

// MobileNetV1 has 569 million multiply-adds and 4.2 million parameters in arXiv:1704.04861, table 4. The others are sums over
// the layers of the reference models, with batch normalization folded.
const sizes = [
  { make: networks.resnet8, macs: 12_501_632, parameters: 77_706, output: [1, 10] },
  { make: networks.mobilenetQuarter, macs: 7_489_664, parameters: 210_850, output: [1, 2] },
  { make: networks.dsCnn, macs: 2_656_768, parameters: 22_604, output: [1, 12] },
  { make: networks.autoencoder, macs: 264_192, parameters: 265_864, output: [1, 640] },
  { make: networks.mobilenetFull, macs: 568_740_352, parameters: 4_221_032, output: [1, 1000] },
]

for (const { make, macs, parameters, output } of sizes) {
  test(`${make.name} has its topology's multiply-adds and parameters`, () => {
    const network = readModel(make())
    assert.equal(countMacs(network), macs)
    assert.equal(parametersOf(network), parameters)
    assert.deepEqual(Object.values(network.outputs), [output])
  })
}

test('the single operators are what their names say', () => {
  assert.equal(countMacs(readModel(networks.matmul(3, 5, 7))), 3 * 5 * 7)
  assert.equal(countMacs(readModel(networks.conv(4, 3, 10))), 10 * 10 * 4 * 4 * 9)
  assert.equal(countMacs(readModel(networks.depthwise(4, 3, 10))), 10 * 10 * 4 * 9)
})

test('the same network is made every time', () => {
  assert.deepEqual(networks.dsCnn(), networks.dsCnn())
})

test('an operator without a shape rule is refused by name', () => {
  const network = { inputs: { x: [1] }, constants: {}, nodes: [['Resize', ['x'], 'y']] }
  assert.throws(() => countMacs(network), /"y": no shape rule for Resize/)
})
