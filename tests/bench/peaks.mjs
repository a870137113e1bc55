// What this machine can do at most, one instruction stream at a time: WebAssembly loops of nothing but multiply-adds on
// vectors in registers, assembled here. In Gop/s, two operations per multiply-add; null where the engine lacks the
// instruction.

const V128 = 0x7b
const I32 = 0x7f
const SIMD = 0xfd

/** Unsigned LEB128. */
function leb(value) {
  const bytes = []
  let rest = value
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  return [...bytes, rest]
}

const getLocal = (index) => [0x20, index]
const setLocal = (index) => [0x21, index]
const simd = (opcode) => [SIMD, ...leb(opcode)]
const section = (id, content) => [id, ...leb(content.length), ...content]

// Opcodes of WebAssembly 3.0, "Vector Instructions".
const i8x16Splat = simd(0x0f)
const i32x4ExtractLane0 = [...simd(0x1b), 0]
const v128Xor = simd(0x51)
const f32x4Add = simd(0xe4)
const f32x4Mul = simd(0xe6)
const i32x4Add = simd(0xae)
const i32x4DotI16x8 = simd(0xba)
const f32x4RelaxedMadd = simd(0x105)
const i32x4RelaxedDotAdd = simd(0x113)

// Locals: 0 the count of iterations, 1 and 2 the operands, then the accumulators.
const [COUNT, A, B, FIRST] = [0, 1, 2, 3]

/**
 * Per stream, one multiply-add of an accumulator. Where two instructions make it, the accumulator is a factor: were both
 * factors constant, the compiler could share one product among all accumulators.
 */
export const streams = {
  mul_add: {
    macs: 4,
    step: (acc) => [...acc, ...getLocal(A), ...f32x4Mul, ...getLocal(B), ...f32x4Add],
  },
  relaxed_madd: {
    macs: 4,
    step: (acc) => [...getLocal(A), ...getLocal(B), ...acc, ...f32x4RelaxedMadd],
  },
  dot_i16x8: {
    macs: 8,
    step: (acc) => [...acc, ...getLocal(A), ...i32x4DotI16x8, ...getLocal(B), ...i32x4Add],
  },
  relaxed_dot: {
    macs: 16,
    step: (acc) => [...getLocal(A), ...getLocal(B), ...acc, ...i32x4RelaxedDotAdd],
  },
}

// Every byte of an operand is the same. As float32, 0x3f3f3f3f is 0.75 and 0x3e3e3e3e 0.19, and no sum or product of them
// overflows or underflows, which some machines are slow at; as integers, the second operand of the relaxed dot is in 0..127.

/** How often an iteration goes through all accumulators, so that the loop's own instructions weigh little. */
export const UNROLL = 8

/** A module of one function "run", (count) -> something that depends on every accumulator. */
export function assemble({ step }, accumulators) {
  const all = Array.from({ length: accumulators }, (_, i) => FIRST + i)
  const splat = (value, local) => [0x41, value, ...i8x16Splat, ...setLocal(local)]
  const once = all.flatMap((acc) => [...step(getLocal(acc)), ...setLocal(acc)])
  const body = [
    ...[1, ...leb(2 + accumulators), V128], // Locals beside the parameter.
    ...splat(0x3f, A),
    ...splat(0x3e, B),
    ...all.flatMap((acc) => splat(0x20 + acc, acc)),
    ...[0x03, 0x40], // loop
    ...Array(UNROLL).fill(once).flat(),
    ...[...getLocal(COUNT), 0x41, 1, 0x6b, 0x22, COUNT], // count = count - 1
    ...[0x0d, 0, 0x0b], // br_if 0, end
    ...getLocal(FIRST),
    ...all.slice(1).flatMap((acc) => [...getLocal(acc), ...v128Xor]),
    ...i32x4ExtractLane0,
    0x0b,
  ]
  const name = [3, ...new TextEncoder().encode('run')]
  return Uint8Array.from([
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, I32, 1, I32]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name, 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ])
}

/** Calls until the loop takes this long, so that the compiler has optimized it and the clock's steps do not matter. */
const CALL_MS = 2

async function gopsOf(stream, accumulators, { warmup_ms, repeats }) {
  const { instance } = await WebAssembly.instantiate(assemble(stream, accumulators))
  const time = (count) => {
    const start = performance.now()
    instance.exports.run(count)
    return performance.now() - start
  }
  const end = performance.now() + warmup_ms
  while (performance.now() < end) time(1000)
  let count = 1000
  while (time(count) < CALL_MS) count *= 2
  let best_ms = Number.POSITIVE_INFINITY
  for (let i = 0; i < repeats; i += 1) best_ms = Math.min(best_ms, time(count))
  return (2 * stream.macs * accumulators * UNROLL * count) / best_ms / 1e6
}

/** Enough accumulators to hide an instruction's latency, and few enough for the 15 registers that x86 has for them. */
const accumulatorCounts = [8, 9, 10, 11, 12]

/** The best of several repeats, in each of several numbers of accumulators: { mul_add_gops, ... }. */
export async function measurePeaks(effort) {
  const peaks = {}
  for (const [name, stream] of Object.entries(streams)) {
    const isThere = WebAssembly.validate(assemble(stream, accumulatorCounts[0]))
    const all = []
    if (isThere)
      for (const count of accumulatorCounts) all.push(await gopsOf(stream, count, effort))
    peaks[`${name}_gops`] = isThere ? Math.max(...all) : null
  }
  return peaks
}
