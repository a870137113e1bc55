// Unpacks LZMA: literal bytes, and copies of bytes before them, written by a range coder in bits whose probabilities adapt. Names
// and method are those of the source of the format: I. Pavlov, LZMA Specification, 2015. Of the format this has what pack.mjs
// writes: no header, and the parameters lc = 4, lp = 0, pb = 0: the probabilities of a literal depend on the high half of the byte
// before it, and none on the position.

import { LowbitError } from './types.js'

const stateCount = 12
/** Two bits that choose one of three trees, and those: 3, 3 and 8 bits. */
const lengthSize = 2 + 8 + 8 + 256
const literalSize = 3 * 256

// Where the probabilities of each decision start. Those of a tree are counted from 1.
const isMatch = 0
const isRep = isMatch + stateCount
const isRepG0 = isRep + stateCount
const isRepG1 = isRepG0 + stateCount
const isRepG2 = isRepG1 + stateCount
const isRep0Long = isRepG2 + stateCount
const posSlot = isRep0Long + stateCount
const posSpecial = posSlot + 4 * 64
const align = posSpecial + 115
const matchLength = align + 16
const repLength = matchLength + lengthSize
const literal = repLength + lengthSize
const probabilityCount = literal + 16 * literalSize

const damaged = () => new LowbitError('LOAD_FAILED', 'the packed binary is damaged', 'wasm')

class RangeDecoder {
  readonly #packed: Uint8Array
  /** Of a 0, in 2048ths. */
  readonly #probabilities = new Uint16Array(probabilityCount).fill(1024)
  #range = 0xffffffff
  #code = 0
  /** The first byte has no meaning. */
  #next = 1

  constructor(packed: Uint8Array) {
    this.#packed = packed
    for (let i = 0; i < 4; i++) this.#shift()
  }

  /** Whether bytes after the last were missed, and taken for zeros. */
  get isExhausted(): boolean {
    return this.#next > this.#packed.length
  }

  #shift(): void {
    this.#code = ((this.#code << 8) | (this.#packed[this.#next++] ?? 0)) >>> 0
  }

  #normalize(): void {
    if (this.#range >= 2 ** 24) return
    this.#range = (this.#range << 8) >>> 0
    this.#shift()
  }

  bit(index: number): number {
    const probability = this.#probabilities[index] as number
    const bound = (this.#range >>> 11) * probability
    const bit = this.#code < bound ? 0 : 1
    if (bit) {
      this.#range -= bound
      this.#code -= bound
      this.#probabilities[index] = probability - (probability >> 5)
    } else {
      this.#range = bound
      this.#probabilities[index] = probability + ((2048 - probability) >> 5)
    }
    this.#normalize()
    return bit
  }

  /** Bits that are as often 0 as 1, the highest first. */
  evenBits(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1
      const bit = this.#code < this.#range ? 0 : 1
      if (bit) this.#code -= this.#range
      this.#normalize()
      value = 2 * value + bit
    }
    return value
  }

  /** Bits whose probabilities depend on those before them, the highest first. */
  tree(first: number, count: number): number {
    let node = 1
    for (let i = 0; i < count; i++) node = 2 * node + this.bit(first + node)
    return node - 2 ** count
  }

  /** As `tree`, but the lowest first. */
  reverseTree(first: number, count: number): number {
    let node = 1
    let value = 0
    for (let i = 0; i < count; i++) {
      const bit = this.bit(first + node)
      node = 2 * node + bit
      value += bit << i
    }
    return value
  }
}

/** A literal after a copy is not what would have come next in it, `match`, whose bits matter until one differs. */
function readMatchedLiteral(decoder: RangeDecoder, first: number, match: number): number {
  let node = 1
  for (let shift = 7; shift >= 0; shift--) {
    const expected = (match >> shift) & 1
    const bit = decoder.bit(first + 256 + 256 * expected + node)
    node = 2 * node + bit
    if (bit !== expected) break
  }
  while (node < 256) node = 2 * node + decoder.bit(first + node)
  return node - 256
}

function readLength(decoder: RangeDecoder, first: number): number {
  if (!decoder.bit(first)) return 2 + decoder.tree(first + 2, 3)
  if (!decoder.bit(first + 1)) return 10 + decoder.tree(first + 10, 3)
  return 18 + decoder.tree(first + 18, 8)
}

function readDistance(decoder: RangeDecoder, length: number): number {
  const slot = decoder.tree(posSlot + 64 * Math.min(length - 2, 3), 6)
  if (slot < 4) return slot
  const bitCount = (slot >> 1) - 1
  const base = (2 + (slot & 1)) * 2 ** bitCount
  if (slot < 14) return base + decoder.reverseTree(posSpecial + base - slot, bitCount)
  return base + 16 * decoder.evenBits(bitCount - 4) + decoder.reverseTree(align, 4)
}

/** Which of the last four distances is taken again. */
function readRecent(decoder: RangeDecoder, state: number): number {
  if (!decoder.bit(isRepG0 + state)) return 0
  if (!decoder.bit(isRepG1 + state)) return 1
  return 2 + decoder.bit(isRepG2 + state)
}

/** Unpacks from the first byte on, as far as bytes are asked for. */
export class LzmaReader {
  readonly #decoder: RangeDecoder
  readonly #bytes: Uint8Array<ArrayBuffer>
  /** How many bytes are there. */
  #end = 0
  /** Of what kinds the last steps were; below 7: the last was a literal. */
  #state = 0
  /** The last four distances, less 1, the latest first. */
  readonly #recent = new Uint32Array(4)

  /** `byteCount`: of all that was packed. */
  constructor(packed: Uint8Array, byteCount: number) {
    this.#decoder = new RangeDecoder(packed)
    this.#bytes = new Uint8Array(byteCount)
  }

  /** The bytes from `start` to `end`. Errors: LOAD_FAILED where these cannot come from what was packed. */
  read(start: number, end: number): Uint8Array<ArrayBuffer> {
    while (this.#end < end) {
      if (this.#decoder.bit(isMatch + this.#state)) this.#copy()
      else this.#readLiteral()
    }
    if (this.#decoder.isExhausted) throw damaged()
    return this.#bytes.subarray(start, end)
  }

  get #sourceOfCopy(): number {
    return this.#end - 1 - (this.#recent[0] as number)
  }

  #readLiteral(): void {
    const before = this.#end > 0 ? (this.#bytes[this.#end - 1] as number) : 0
    const first = literal + literalSize * (before >> 4)
    const byte =
      this.#state < 7
        ? this.#decoder.tree(first, 8)
        : readMatchedLiteral(this.#decoder, first, this.#bytes[this.#sourceOfCopy] as number)
    this.#bytes[this.#end++] = byte
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6)
  }

  #copy(): void {
    const length = this.#readCopy()
    const bytes = this.#bytes
    const end = this.#end
    const source = this.#sourceOfCopy
    if (source < 0 || length > bytes.length - end) throw damaged()
    // One by one: a copy may go on into itself.
    for (let i = 0; i < length; i++) bytes[end + i] = bytes[source + i] as number
    this.#end = end + length
  }

  /** Makes the distance of a copy the latest, and gives its length. */
  #readCopy(): number {
    const isAfterLiteral = this.#state < 7
    if (!this.#decoder.bit(isRep + this.#state)) {
      const length = readLength(this.#decoder, matchLength)
      this.#recent.copyWithin(1, 0, 3)
      this.#recent[0] = readDistance(this.#decoder, length)
      this.#state = isAfterLiteral ? 7 : 10
      return length
    }
    const which = readRecent(this.#decoder, this.#state)
    const distance = this.#recent[which] as number
    this.#recent.copyWithin(1, 0, which)
    this.#recent[0] = distance
    if (which === 0 && !this.#decoder.bit(isRep0Long + this.#state)) {
      this.#state = isAfterLiteral ? 9 : 11
      return 1
    }
    this.#state = isAfterLiteral ? 8 : 11
    return readLength(this.#decoder, repLength)
  }
}
