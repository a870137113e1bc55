// Finds and compiles the parts of the WebAssembly binary, and says in a sentence why where that fails. Compiled once, a module
// is shared by every worker and instance.

import { type NodeFiles, nodeBuiltin, nodeVersion } from './node.js'
import { LowbitError, type WasmSource } from './types.js'

/** Where the caller says that parts of the binary are. */
export interface PartSources {
  readonly run?: WasmSource | undefined
  readonly quantize?: WasmSource | undefined
  /** `null`: there is none. */
  readonly relaxed?: WasmSource | undefined | null
}

/** Where they are if the caller says nothing. */
export type PartHomes = Readonly<Record<keyof PartSources, () => WasmSource | Promise<WasmSource>>>

/** The binary's parts, each compiled when it is first asked for. Errors: LOAD_FAILED; the next call tries again. */
export interface Binary {
  /** What loads and runs models. */
  run(): Promise<WebAssembly.Module>
  /** What does all the rest. */
  quantize(): Promise<WebAssembly.Module>
  /** The relaxed kernels; fails where the engine lacks their instructions, or is known to compute them wrongly. */
  relaxed(): Promise<WebAssembly.Module>
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

/** What came from a server in place of a binary, and what to do about it. */
function notFound(answer: string, where: string): LowbitError {
  const remedy = "Copy the package's .wasm files there, or say where they are in the option wasm."
  return loadFailed(`${answer} in place of the WebAssembly binary at ${where}. ${remedy}`, where)
}

const isHtml = (type: string) => /^(text\/html|application\/xhtml\+xml)\b/i.test(type)

// Beside what a server says about it, a binary starts with "\0asm". Servers of single-page apps answer an unknown address
// with a page instead.
function checkMagicNumber(bytes: Uint8Array, type: string, where: string): void {
  if (bytes[0] === 0 && bytes[1] === 97 && bytes[2] === 115 && bytes[3] === 109) return
  const isPage = isHtml(type) || bytes[0] === '<'.charCodeAt(0)
  const what = isPage ? 'an HTML page' : type ? `content of type ${type}` : 'other content'
  throw notFound(`the server sent ${what}`, where)
}

async function fetchBinary(url: URL | string): Promise<WebAssembly.Module> {
  const where = String(url)
  let response: Response
  try {
    response = await fetch(url)
  } catch (cause) {
    throw loadFailed('the WebAssembly binary could not be fetched', where, cause)
  }
  const type = response.headers.get('content-type') ?? ''
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim()
    throw notFound(
      `the server answered ${status}${isHtml(type) ? ' with an HTML page' : ''}`,
      where,
    )
  }
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

/** `whose`: what to name where the source is bytes, which have no address. */
async function compileBinary(source: WasmSource, whose: string): Promise<WebAssembly.Module> {
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    return compile(source as BufferSource, whose)
  }
  const fs = nodeBuiltin('node:fs/promises')
  if (!fs || /^(https?|blob|data):/.test(String(source))) return fetchBinary(source)
  // Node reads a URL object or a path, not a URL in a string.
  const isFileUrl = typeof source === 'string' && source.startsWith('file:')
  return readBinary(fs, isFileUrl ? new URL(source) : source)
}

function checkSimd(): void {
  if (!WebAssembly.validate(simdModule)) {
    throw loadFailed('this engine lacks the SIMD instructions of WebAssembly', 'WebAssembly')
  }
}

function checkRelaxedSimd(): void {
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
}

function part(source: () => Promise<WebAssembly.Module>): () => Promise<WebAssembly.Module> {
  let module: Promise<WebAssembly.Module> | undefined
  return () => {
    module ??= source().catch((error) => {
      module = undefined
      throw error
    })
    return module
  }
}

export function locateBinary(homes: PartHomes, given: PartSources): Binary {
  const read = async (name: keyof PartSources) => {
    const source = given[name]
    return source
      ? compileBinary(source, 'options.wasm')
      : compileBinary(await homes[name](), 'wasm')
  }
  return {
    run: part(async () => {
      checkSimd()
      return read('run')
    }),
    quantize: part(() => read('quantize')),
    relaxed: part(async () => {
      checkRelaxedSimd()
      if (given.relaxed !== null) return read('relaxed')
      throw loadFailed('the wasm option names no relaxed kernels', 'options.wasm')
    }),
  }
}
