// The one list of what the benchmark runs: { name, group, load }, where load(readFile) gives a model's ONNX bytes.

import * as networks from './networks.mjs'

const matmul = (...sizes) => ({
  name: `matmul ${sizes.join('x')}`,
  group: 'matrix products',
  load: () => networks.matmul(...sizes),
})

const convolution = (make, kind, channels, kernel, side) => ({
  name: `${kind} ${kernel}x${kernel} ${channels}`,
  group: 'convolutions',
  load: () => make(channels, kernel, side),
})

const network = (name, make) => ({ name, group: 'networks', load: make })

const zoo = (name) => ({
  name,
  group: 'zoo',
  load: (readFile) => readFile(`examples/models/${name}.onnx`),
})

export const cases = [
  matmul(1, 1024, 1024),
  matmul(64, 256, 256),
  matmul(256, 256, 256),
  matmul(512, 512, 512),
  convolution(networks.conv, 'conv', 16, 3, 32),
  convolution(networks.conv, 'conv', 64, 3, 28),
  convolution(networks.conv, 'conv', 64, 1, 28),
  convolution(networks.conv, 'conv', 256, 1, 14),
  convolution(networks.depthwise, 'depthwise', 64, 3, 28),
  network('resnet8', networks.resnet8),
  network('mobilenet-0.25-96', networks.mobilenetQuarter),
  network('ds-cnn', networks.dsCnn),
  network('autoencoder', networks.autoencoder),
  network('mobilenet-1.0-224', networks.mobilenetFull),
  zoo('digits-mlp'),
  zoo('digits-lenet'),
  zoo('fashion-resnet'),
  zoo('fashion-mobilenet'),
]
