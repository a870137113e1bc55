// Rows of handwritten digits, black on white: images for models that read text.

const SIDE = 28
/** From digit to digit: they overlap, as their edges are empty. */
const STEP = 22

/**
 * `count` images [channels, height, width] from white 1 to black -1, of `images` { dims: [N, 28, 28], data } one after
 * another; every second one is turned by 180 degrees.
 */
export function digitRows(images, count, [channels, height, width]) {
  const perRow = Math.floor((width - SIDE) / STEP) + 1
  const [left, top] = [(width - SIDE - (perRow - 1) * STEP) >> 1, (height - SIDE) >> 1]
  const size = height * width
  const data = new Float32Array(count * channels * size).fill(1)
  for (let n = 0; n < count; n += 1) {
    const plane = data.subarray(n * channels * size, (n * channels + 1) * size)
    for (let k = 0; k < perRow; k += 1) {
      const digit = images.data.subarray(
        (n * perRow + k) * SIDE ** 2,
        (n * perRow + k + 1) * SIDE ** 2,
      )
      for (const [i, pixel] of digit.entries()) {
        const at = (top + Math.floor(i / SIDE)) * width + left + k * STEP + (i % SIDE)
        plane[at] = Math.min(plane[at], 1 - (2 * pixel) / 255)
      }
    }
    if (n % 2 === 1) plane.reverse()
    for (let c = 1; c < channels; c += 1) data.set(plane, (n * channels + c) * size)
  }
  return { shape: [count, channels, height, width], data }
}
