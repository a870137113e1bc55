// The one list of the models and the data sets that the page offers.

import fashionCalibrationImages from '../../../examples/data/fashion-calibration.images.idx3.gz?url'
import fashionTestImages from '../../../examples/data/fashion-test.images.idx3.gz?url'
import fashionTestLabels from '../../../examples/data/fashion-test.labels.idx1.gz?url'
import mnistCalibrationImages from '../../../examples/data/mnist-calibration.images.idx3.gz?url'
import mnistTestImages from '../../../examples/data/mnist-test.images.idx3.gz?url'
import mnistTestLabels from '../../../examples/data/mnist-test.labels.idx1.gz?url'
import digitsLenet from '../../../examples/models/digits-lenet.onnx?url'
import digitsMlp from '../../../examples/models/digits-mlp.onnx?url'
import fashionMobilenet from '../../../examples/models/fashion-mobilenet.onnx?url'
import fashionResnet from '../../../examples/models/fashion-resnet.onnx?url'

export type DatasetName = 'mnist' | 'fashion'

interface DatasetEntry {
  readonly title: string
  readonly classNames: readonly string[]
  readonly testImages: string
  readonly testLabels: string
  readonly calibrationImages: string
}

export const datasets: Readonly<Record<DatasetName, DatasetEntry>> = {
  mnist: {
    title: 'handwritten digits',
    classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    testImages: mnistTestImages,
    testLabels: mnistTestLabels,
    calibrationImages: mnistCalibrationImages,
  },
  fashion: {
    title: 'pictures of clothes',
    classNames: [
      'T-shirt',
      'Trouser',
      'Pullover',
      'Dress',
      'Coat',
      'Sandal',
      'Shirt',
      'Sneaker',
      'Bag',
      'Ankle boot',
    ],
    testImages: fashionTestImages,
    testLabels: fashionTestLabels,
    calibrationImages: fashionCalibrationImages,
  },
}

export interface ZooModel {
  readonly name: string
  readonly title: string
  readonly summary: string
  readonly dataset: DatasetName
  readonly url: string
}

export const zoo: readonly ZooModel[] = [
  {
    name: 'digits-mlp',
    title: 'Perceptron',
    summary: 'Three layers in which everything is connected with everything.',
    dataset: 'mnist',
    url: digitsMlp,
  },
  {
    name: 'digits-lenet',
    title: 'LeNet',
    summary: 'Two convolutions that look for strokes, then three full layers.',
    dataset: 'mnist',
    url: digitsLenet,
  },
  {
    name: 'fashion-resnet',
    title: 'ResNet',
    summary: 'Eight convolutions with shortcuts that add a layer’s input to its output.',
    dataset: 'fashion',
    url: fashionResnet,
  },
  {
    name: 'fashion-mobilenet',
    title: 'MobileNet',
    summary: 'Thin depthwise convolutions: small, fast, and the hardest to round well.',
    dataset: 'fashion',
    url: fashionMobilenet,
  },
]
