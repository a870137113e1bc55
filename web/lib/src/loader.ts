// Finds and compiles a WebAssembly binary, and says in a sentence why where that fails. Compiled once, the module is
// shared by every worker and instance.

import { type NodeFiles, nodeBuiltin, nodeVersion } from './node.js'
import { LowbitError, type WasmSource } from './types.js'

/** Where the binaries are; undefined: beside this file. */
export interface BinarySources {
  readonly simd128?: WasmSource | undefined
  readonly simd128Quantize?: WasmSource | undefined
  /** `null`: there is none. */
  readonly relaxed?: WasmSource | undefined | null
  readonly relaxedQuantize?: WasmSource | undefined
}

/** A compiled binary. Its first part loads and runs models; the second, for all the rest, is compiled when it is needed. */
export interface Binary {
  readonly first: WebAssembly.Module
  /** Errors: LOAD_FAILED; the next call tries again. */
  second(): Promise<WebAssembly.Module>
}

// A function that returns a vector: (func (result v128) i32.const 0 i8x16.splat).
const simdModule = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0], // magic number and version
  ...[1, 5, 1, 96, 0, 1, 123], // type section: () -> v128
  ...[3, 2, 1, 0], // function section
  ...[10, 8, 1, 6, 0, 65, 0, 253, 15, 11], // code section
])

// (func (param v128) (result v128) ...) with f32x4.relaxed_madd and i32x4.relaxed_dot_i8x16_i7x16_add_s.
const relaxedModule = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0], // magic number and version
  ...[1, 6, 1, 96, 1, 123, 1, 123], // type section: v128 -> v128
  ...[3, 2, 1, 0], // function section
  ...[10, 20, 1, 18, 0], // code section
  ...[32, 0, 32, 0, 32, 0, 253, 133, 2], // madd(x, x, x)
  ...[32, 0, 32, 0, 253, 147, 2, 11], // dot(that, x, x)
])

/** Older ones, where a flag lets them, compute dot products without their third operand. */
const firstNodeWithRelaxed = 22

function loadFailed(message: string, where: string, cause?: unknown): LowbitError {
  return new LowbitError('LOAD_FAILED', message, where, { cause })
}

const reasonOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))

async function compile(bytes: BufferSource, where: string): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes)
  } catch (cause) {
    throw loadFailed(`the WebAssembly binary does not compile: ${reasonOf(cause)}`, where, cause)
  }
}

// Beside what a server says about it, a binary starts with "\0asm". Servers of single-page apps answer an unknown address
// with a page instead.
function checkMagicNumber(bytes: Uint8Array, type: string, where: string): void {
  if (bytes[0] === 0 && bytes[1] === 97 && bytes[2] === 115 && bytes[3] === 109) return
  const what = type ? `content of type ${type}` : 'other content'
  throw loadFailed(`the server sent ${what} in place of the WebAssembly binary`, where)
}

async function fetchBinary(url: URL | string): Promise<WebAssembly.Module> {
  const where = String(url)
  let response: Response
  try {
    response = await fetch(url)
  } catch (cause) {
    throw loadFailed('the WebAssembly binary could not be fetched', where, cause)
  }
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim()
    throw loadFailed(`the server answered ${status} for the WebAssembly binary`, where)
  }
  const type = response.headers.get('content-type') ?? ''
  try {
    // Faster, but only allowed where the server knows the type.
    if (type === 'application/wasm') return await WebAssembly.compileStreaming(response)
    const bytes = new Uint8Array(await response.arrayBuffer())
    checkMagicNumber(bytes, type, where)
    return await compile(bytes, where)
  } catch (cause) {
    if (cause instanceof LowbitError) throw cause
    throw loadFailed(`the WebAssembly binary could not be read: ${reasonOf(cause)}`, where, cause)
  }
}

async function readBinary(fs: NodeFiles, file: URL | string): Promise<WebAssembly.Module> {
  let bytes: Uint8Array<ArrayBuffer>
  try {
    bytes = await fs.readFile(file)
  } catch (cause) {
    const message = `the WebAssembly binary could not be read: ${reasonOf(cause)}`
    throw loadFailed(message, String(file), cause)
  }
  return compile(bytes, String(file))
}

async function compileBinary(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    return compile(source as BufferSource, 'options.wasm')
  }
  const fs = nodeBuiltin('node:fs/promises')
  if (!fs || /^(https?|blob|data):/.test(String(source))) return fetchBinary(source)
  // Node reads a URL object or a path, not a URL in a string.
  const isFileUrl = typeof source === 'string' && source.startsWith('file:')
  return readBinary(fs, isFileUrl ? new URL(source) : source)
}

async function compileParts(
  firstSource: WasmSource,
  secondSource: () => WasmSource,
): Promise<Binary> {
  let second: Promise<WebAssembly.Module> | undefined
  return {
    first: await compileBinary(firstSource),
    second() {
      second ??= compileBinary(secondSource()).catch((error) => {
        second = undefined
        throw error
      })
      return second
    },
  }
}

/** The binary without relaxed kernels. Errors: LOAD_FAILED. */
export async function compileSimd128(sources: BinarySources): Promise<Binary> {
  if (!WebAssembly.validate(simdModule)) {
    throw loadFailed('this engine lacks the SIMD instructions of WebAssembly', 'WebAssembly')
  }
  return compileParts(
    sources.simd128 ?? new URL('./lowbit.wasm', import.meta.url),
    () => sources.simd128Quantize ?? new URL('./lowbit-quantize.wasm', import.meta.url),
  )
}

/** The binary with relaxed kernels. Errors: LOAD_FAILED, also where the engine is known to compute them wrongly. */
export async function compileRelaxed(sources: BinarySources): Promise<Binary> {
  const node = nodeVersion()
  if (node !== undefined && node < firstNodeWithRelaxed) {
    throw loadFailed(
      `Node ${node} computes the dot products of relaxed SIMD wrongly`,
      'WebAssembly',
    )
  }
  if (!WebAssembly.validate(relaxedModule)) {
    throw loadFailed('this engine lacks relaxed SIMD', 'WebAssembly')
  }
  if (sources.relaxed === null) {
    throw loadFailed('the wasm option names only the binary without relaxed SIMD', 'options.wasm')
  }
  return compileParts(
    sources.relaxed ?? new URL('./lowbit-relaxed.wasm', import.meta.url),
    () => sources.relaxedQuantize ?? new URL('./lowbit-relaxed-quantize.wasm', import.meta.url),
  )
}
