import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toInput } from '../../tools/data/datasets.mjs'
import { formatIdx, parseIdx } from '../../tools/data/idx.mjs'

const bytes = (...values) => Uint8Array.from(values)

test('an IDX file of two 1 x 3 images is read', () => {
  const idx = parseIdx(bytes(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255))
  assert.deepEqual(idx, { dims: [2, 1, 3], data: bytes(1, 2, 3, 4, 5, 255) })
})

test('dimensions are big-endian, also inside a larger buffer', () => {
  const outer = new Uint8Array(1000)
  outer.set([0, 0, 8, 1, 0, 0, 1, 2], 10)
  assert.deepEqual(parseIdx(outer.subarray(10, 10 + 8 + 258)).dims, [258])
})

test('a dimension of zero means no data', () => {
  assert.equal(parseIdx(bytes(0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 9)).data.length, 0)
})

test('what is written is read back', () => {
  const idx = { dims: [2, 300], data: Uint8Array.from({ length: 600 }, (_, i) => i % 256) }
  assert.deepEqual(parseIdx(formatIdx(idx)), idx)
})

test('writing refuses data that does not fill the dimensions', () => {
  assert.throws(
    () => formatIdx({ dims: [2, 2], data: bytes(1, 2, 3) }),
    /needs 4 bytes of data, not 3/,
  )
})

const malformed = {
  'nothing at all': [bytes(), /needs 4/],
  'a header cut in the magic number': [bytes(0, 0, 8), /needs 4/],
  'a gzip file': [bytes(0x1f, 0x8b, 8, 0), /first two bytes/],
  'elements of another type': [bytes(0, 0, 0x0d, 1, 0, 0, 0, 0), /type 0xd/],
  'no dimension': [bytes(0, 0, 8, 0), /at least one dimension/],
  'a header cut in the dimensions': [bytes(0, 0, 8, 3, 0, 0, 0, 1, 0, 0), /header cut short/],
  'less data than the dimensions say': [
    bytes(0, 0, 8, 1, 0, 0, 0, 3, 1, 2),
    /needs 3 bytes of data, the file has 2/,
  ],
  'more data than the dimensions say': [
    bytes(0, 0, 8, 1, 0, 0, 0, 1, 1, 2),
    /needs 1 bytes of data, the file has 2/,
  ],
  'dimensions whose product overflows': [
    // 2^32 elements would be 0 in 32 bits; 2^31 * 2^31 * 4 would be 0 in 64.
    bytes(0, 0, 8, 3, 128, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 4),
    /needs 18446744073709551616 bytes/,
  ],
}

for (const [name, [file, message]] of Object.entries(malformed)) {
  test(`refused: ${name}`, () => assert.throws(() => parseIdx(file), message))
}

test('pixels become float32 in 0..1, pixel / 255, in the shape the networks take', () => {
  const input = toInput({ dims: [2, 1, 2], data: bytes(0, 1, 128, 255) })
  assert.deepEqual(input.shape, [2, 1, 1, 2])
  assert.deepEqual(input.data, new Float32Array([0, 1 / 255, 128 / 255, 1]))
})
