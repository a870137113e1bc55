// The same library with the binary and the worker in its own code, for pages opened from disk, for workers, and for bundlers
// that copy no files.

import { create, type Home } from './create.js'
import * as inlined from './inlined.js'
import { LzmaReader } from './lzma.js'
import { nodeBuiltin } from './node.js'
import { workerOfNode } from './node_worker.js'
import type { Lowbit, LowbitOptions, WorkerLike } from './types.js'

export * from './types.js'

function decode(base64: string): Uint8Array {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  // Ten times as fast as Uint8Array.from, which would take 20 ms.
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Kept: parts are asked for at different times, and again for each Lowbit. */
let reader: LzmaReader | undefined

function unpack(part: keyof typeof inlined.places): Uint8Array {
  reader ??= new LzmaReader(decode(inlined.packed), inlined.byteCount)
  const { start, end } = inlined.places[part]
  return reader.read(start, end)
}

let workerUrl: string | undefined

function startWorker(): WorkerLike {
  const threads = nodeBuiltin('node:worker_threads')
  if (threads) return workerOfNode(new threads.Worker(inlined.worker, { eval: true }))
  workerUrl ??= URL.createObjectURL(new Blob([inlined.worker], { type: 'text/javascript' }))
  return new Worker(workerUrl) as WorkerLike
}

const inside: Home = {
  parts: {
    run: () => unpack('run'),
    quantize: () => unpack('quantize'),
    relaxed: () => unpack('relaxed'),
  },
  startWorker,
}

/**
 * As `createLowbit` of `lowbit`, but nothing is fetched. Where a policy forbids workers from blobs, and the options ask for
 * none, the work runs in the caller's thread.
 *
 * Rejects with `LOAD_FAILED` where the engine lacks SIMD or forbids WebAssembly, and with `INVALID_ARGUMENT`.
 */
export const createLowbit = (options: LowbitOptions = {}): Promise<Lowbit> =>
  create(inside, options)
