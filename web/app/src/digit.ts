// Makes a drawing look like the images of MNIST: the ink's bounding box fitted into 20 x 20 pixels, its centre of mass
// in the middle of 28 x 28 (Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits).

import { imageSize, pixelCount } from './data'

const boxSize = 20

/** A dot stays a dot: what covers less than this share of the paper is not blown up any further. */
const smallestShare = 0.25

interface Ink {
  readonly longestSide: number
  readonly centreX: number
  readonly centreY: number
}

function measure(ink: ArrayLike<number>, size: number): Ink | null {
  let [left, top, right, bottom] = [size, size, -1, -1]
  let [mass, massX, massY] = [0, 0, 0]
  for (let y = 0; y < size; ++y) {
    for (let x = 0; x < size; ++x) {
      const value = ink[y * size + x] ?? 0
      if (value <= 0) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
      mass += value
      massX += value * (x + 0.5)
      massY += value * (y + 0.5)
    }
  }
  if (mass === 0) return null
  const longestSide = Math.max(right - left, bottom - top) + 1
  return { longestSide, centreX: massX / mass, centreY: massY / mass }
}

// The mean of a square of the drawing; beside the paper there is no ink.
function meanOf(ink: ArrayLike<number>, size: number, x0: number, y0: number, side: number) {
  const [firstX, firstY] = [Math.floor(x0), Math.floor(y0)]
  const [endX, endY] = [
    Math.max(firstX + 1, Math.floor(x0 + side)),
    Math.max(firstY + 1, Math.floor(y0 + side)),
  ]
  let sum = 0
  for (let y = Math.max(firstY, 0); y < Math.min(endY, size); ++y) {
    for (let x = Math.max(firstX, 0); x < Math.min(endX, size); ++x) sum += ink[y * size + x] ?? 0
  }
  return sum / ((endX - firstX) * (endY - firstY))
}

/** `ink` is a square drawing of `size` rows, from 0 to 1; `null` for blank paper. */
export function toMnist(ink: ArrayLike<number>, size: number): Float32Array | null {
  const measured = measure(ink, size)
  if (!measured) return null
  const side = Math.max(measured.longestSide, size * smallestShare) / boxSize
  const pixels = new Float32Array(pixelCount)
  for (let y = 0; y < imageSize; ++y) {
    for (let x = 0; x < imageSize; ++x) {
      const x0 = measured.centreX + (x - imageSize / 2) * side
      const y0 = measured.centreY + (y - imageSize / 2) * side
      pixels[y * imageSize + x] = meanOf(ink, size, x0, y0, side)
    }
  }
  return pixels
}
