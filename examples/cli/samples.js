// Writes calibration.npy, test.npy and labels.npy: rows of ten handwritten digits, black on white, as the model of text's
// direction takes them, [samples, 3, 48, 192] from -1 to 1. Every second one is turned by 180 degrees, which is class 1.

import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createLowbit } from 'lowbit'

const [height, width] = [48, 192]
/** Digits have 28 pixels with empty edges, so that they may overlap. */
const [digits, side, step, top] = [10, 28, 18, 10]

/** IDX: a header of 16 bytes, then a byte for each pixel, white on black. */
function readPixels(name) {
  const url = new URL(`../data/${name}.images.idx3.gz`, import.meta.url)
  return gunzipSync(readFileSync(url)).subarray(16)
}

function row(pixels, index) {
  const image = new Float32Array(height * width).fill(1)
  for (let digit = 0; digit < digits; digit += 1) {
    const from = (index * digits + digit) * side * side
    for (let i = 0; i < side * side; i += 1) {
      const at = (top + Math.floor(i / side)) * width + digit * step + (i % side)
      image[at] = Math.min(image[at], 1 - (2 * pixels[from + i]) / 255)
    }
  }
  return index % 2 === 1 ? image.reverse() : image
}

function rows(pixels, count) {
  const data = new Float32Array(count * 3 * height * width)
  for (let index = 0; index < count; index += 1) {
    const image = row(pixels, index)
    for (let channel = 0; channel < 3; channel += 1) {
      data.set(image, (index * 3 + channel) * image.length)
    }
  }
  return { data, shape: [count, 3, height, width] }
}

const lowbit = await createLowbit()
const labels = { data: Int32Array.from({ length: 100 }, (_, index) => index % 2), shape: [100] }
writeFileSync('calibration.npy', await lowbit.writeArray(rows(readPixels('mnist-calibration'), 40)))
writeFileSync('test.npy', await lowbit.writeArray(rows(readPixels('mnist-test'), 100)))
writeFileSync('labels.npy', await lowbit.writeArray(labels))
lowbit.dispose()
