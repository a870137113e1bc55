// The networks that the benchmark runs, as functions that make ONNX bytes: single operators; the four of MLPerf Tiny
// (C. Banbury et al., MLPerf Tiny Benchmark, 2021, arXiv:2106.07597, section 4, and its reference models); and MobileNetV1
// (A. Howard et al., 2017, arXiv:1704.04861, table 1).

import { NetworkBuilder } from './network_builder.mjs'

/** [rows, depth] times a constant [depth, columns]. */
export function matmul(rows, depth, columns) {
  const net = new NetworkBuilder([rows, depth], 1)
  net.matmul('x', columns)
  return net.finish()
}

/** A convolution that keeps the number of channels, over a square of `side`. */
export function conv(channels, kernel, side) {
  const net = new NetworkBuilder([1, channels, side, side], 1)
  net.conv('x', channels, kernel)
  return net.finish()
}

export function depthwise(channels, kernel, side) {
  const net = new NetworkBuilder([1, channels, side, side], 1)
  net.depthwise('x', kernel)
  return net.finish()
}

/** Image classification: three stacks of one residual block, 12.5 million multiply-adds. */
export function resnet8() {
  const net = new NetworkBuilder([1, 3, 32, 32], 1)
  let x = net.conv('x', 16, 3, { relu: true })
  for (const [channels, stride] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ]) {
    const hidden = net.conv(x, channels, 3, { stride, relu: true })
    const residual = net.conv(hidden, channels, 3)
    const shortcut = stride === 1 ? x : net.conv(x, channels, 1, { stride })
    x = net.add(shortcut, residual, { relu: true })
  }
  net.softmax(net.dense(net.globalAverage(x), 10))
  return net.finish()
}

/** Stride and output channels, at full width, of the depthwise-separable blocks. */
const mobilenetBlocks = [
  [1, 64],
  [2, 128],
  [1, 128],
  [2, 256],
  [1, 256],
  [2, 512],
  ...Array(5).fill([1, 512]),
  [2, 1024],
  [1, 1024],
]

/** MobileNetV1 up to its logits. */
function mobilenet(width, side, classes) {
  const net = new NetworkBuilder([1, 3, side, side], 1)
  let x = net.conv('x', 32 * width, 3, { stride: 2, relu: true })
  for (const [stride, channels] of mobilenetBlocks) {
    x = net.depthwise(x, 3, { stride, relu: true })
    x = net.conv(x, channels * width, 1, { relu: true })
  }
  return { net, logits: net.dense(net.globalAverage(x), classes) }
}

/** Visual wake words: a person, or none; 7.5 million multiply-adds. */
export function mobilenetQuarter() {
  const { net, logits } = mobilenet(0.25, 96, 2)
  net.softmax(logits)
  return net.finish()
}

/**
 * ImageNet's size, 569 million multiply-adds. It ends in the logits: of a thousand probabilities most are 0 in steps of 1/256,
 * and the comparison before the timing would see nothing.
 */
export function mobilenetFull() {
  return mobilenet(1, 224, 1000).net.finish()
}

/** Keyword spotting, over 49 frames of 10 coefficients; 2.7 million multiply-adds. */
export function dsCnn() {
  const net = new NetworkBuilder([1, 1, 49, 10], 1)
  let x = net.conv('x', 64, [10, 4], { stride: 2, relu: true })
  for (let block = 0; block < 4; block += 1) {
    x = net.depthwise(x, 3, { relu: true })
    x = net.conv(x, 64, 1, { relu: true })
  }
  net.softmax(net.dense(net.globalAverage(x), 12))
  return net.finish()
}

/** Anomaly detection: 264 thousand multiply-adds. */
export function autoencoder() {
  const net = new NetworkBuilder([1, 640], 1)
  let x = 'x'
  for (const width of [128, 128, 128, 128, 8, 128, 128, 128, 128])
    x = net.dense(x, width, { relu: true })
  net.dense(x, 640)
  return net.finish()
}
