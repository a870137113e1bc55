// What was packed is unpacked; what was not is refused, or gives as many bytes as were asked for.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { LowbitError } from 'lowbit'
import { randomFrom } from '../../../tests/support/random.mjs'
import { LzmaReader } from '../dist/lzma.js'
import { pack } from '../pack.mjs'

const random = randomFrom(1)
const randomBytes = (count) => Buffer.from({ length: count }, () => 256 * random())
const binary = readFileSync(new URL('../dist/lowbit-relaxed.wasm', import.meta.url))

const unpack = (packed, byteCount) => new LzmaReader(packed, byteCount).read(0, byteCount)

/** Bytes; undefined: a typed error. */
function tryUnpack(packed, byteCount) {
  try {
    return unpack(packed, byteCount)
  } catch (error) {
    assert.ok(error instanceof LowbitError, `${error.stack}`)
    assert.equal(error.code, 'LOAD_FAILED')
    return undefined
  }
}

const noise = randomBytes(2 ** 21)
const columns = Array.from({ length: 3000 }, (_, i) => [i >> 8, i, 7, 256 * random(), 0, 0, 9])
const contents = {
  nothing: Buffer.alloc(0),
  'a byte': Buffer.of(255),
  'a copy that goes on into itself': Buffer.alloc(100_000, 'abc'),
  'bytes that nothing foretells': randomBytes(40_000),
  'copies from all over two megabytes': Buffer.concat([
    noise,
    ...[1, 100, 4000, 9e4, 1e6, 2e6].map((from) => noise.subarray(-from, -from + 300)),
  ]),
  'copies from the same distances': Buffer.from(columns.flat()),
  'a binary': binary,
}
for (const [name, bytes] of Object.entries(contents)) {
  test(`unpacked: ${name}`, () => {
    const unpacked = unpack(pack(bytes), bytes.length)
    assert.equal(Buffer.compare(unpacked, bytes), 0)
  })
}

test('what is asked for in parts is the same, in any order', () => {
  const reader = new LzmaReader(pack(binary), binary.length)
  for (const [start, end] of [
    [0, 1],
    [1, 1000],
    [20_000, 30_000],
    [500, 2000],
    [30_000, binary.length],
  ]) {
    assert.equal(Buffer.compare(reader.read(start, end), binary.subarray(start, end)), 0)
  }
})

test('packed bytes that end too early are refused', () => {
  const packed = pack(binary)
  // Not all of the last bytes are needed: they mark the end, which is known.
  for (const end of [0, 1, 4, 5, 6, 1000, packed.length >> 1, packed.length - 20]) {
    assert.equal(tryUnpack(packed.subarray(0, end), binary.length), undefined, `${end} bytes`)
  }
})

test('more bytes than were packed are refused, and fewer where a copy goes too far', () => {
  const packed = pack(Buffer.alloc(1000))
  assert.equal(tryUnpack(packed, 1001), undefined)
  assert.equal(tryUnpack(packed, 900), undefined)
})

test('flipped bits give a typed error or as many bytes', () => {
  const packed = pack(binary)
  let refused = 0
  for (let i = 0; i < 200; i++) {
    const flipped = Uint8Array.from(packed)
    // The first byte has no meaning.
    flipped[1 + Math.floor(random() * (packed.length - 1))] ^= 1 << Math.floor(random() * 8)
    const unpacked = tryUnpack(flipped, binary.length)
    if (unpacked) assert.equal(unpacked.length, binary.length)
    else refused++
  }
  assert.ok(refused > 0)
})
