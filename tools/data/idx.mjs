// Reads and writes IDX, the format of MNIST (Y. LeCun, C. Cortes, C. Burges): two zero bytes, the element type,
// the number of dimensions, each dimension as a big-endian 32-bit integer, then the elements in row-major order.

const UNSIGNED_BYTE = 0x08

/** The dimensions and the elements of an IDX file of unsigned bytes; `data` shares the memory of `bytes`. */
export function parseIdx(bytes) {
  if (bytes.length < 4)
    throw new Error(`not an IDX file: ${bytes.length} bytes where a header needs 4`)
  if (bytes[0] !== 0 || bytes[1] !== 0)
    throw new Error('not an IDX file: the first two bytes are not zero')
  if (bytes[2] !== UNSIGNED_BYTE)
    throw new Error(`IDX element type 0x${bytes[2].toString(16)} is not unsigned byte (0x8)`)
  const rank = bytes[3]
  const headerBytes = 4 + 4 * rank
  if (rank === 0) throw new Error('an IDX file needs at least one dimension')
  if (bytes.length < headerBytes)
    throw new Error(
      `IDX header cut short: ${bytes.length} bytes where ${rank} dimensions need ${headerBytes}`,
    )
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  // BigInt, because 255 dimensions of 2^32 overflow any float64.
  const elements = dims.reduce((product, dim) => product * BigInt(dim), 1n)
  if (elements !== BigInt(bytes.length - headerBytes)) {
    throw new Error(
      `IDX of ${dims.join(' x ')} needs ${elements} bytes of data, the file has ${bytes.length - headerBytes}`,
    )
  }
  return { dims, data: bytes.subarray(headerBytes) }
}

/** The bytes of an IDX file of unsigned bytes. */
export function formatIdx({ dims, data }) {
  const elements = dims.reduce((product, dim) => product * dim, 1)
  if (elements !== data.length)
    throw new Error(
      `IDX of ${dims.join(' x ')} needs ${elements} bytes of data, not ${data.length}`,
    )
  const headerBytes = 4 + 4 * dims.length
  const bytes = new Uint8Array(headerBytes + data.length)
  bytes[2] = UNSIGNED_BYTE
  bytes[3] = dims.length
  const view = new DataView(bytes.buffer)
  for (const [axis, dim] of dims.entries()) view.setUint32(4 + 4 * axis, dim)
  bytes.set(data, headerBytes)
  return bytes
}
