// The caller's side of a worker: sends calls, matches replies, and notices when the worker dies.

import type {
  Call,
  FailureMessage,
  FromWorker,
  Host,
  Kernels,
  ToWorker,
  Tuning,
} from './protocol.js'
import type { KernelTier } from './raw.js'
import { LowbitError, type Progress, type Tiles, type WorkerLike } from './types.js'

/** A copy of a request, with copies of its typed arrays in buffers that can move to the worker. */
function detach(request: unknown): { copy: unknown; buffers: ArrayBuffer[] } {
  const buffers: ArrayBuffer[] = []
  const copyOf = (value: unknown): unknown => {
    if (
      value instanceof Float32Array ||
      value instanceof Int32Array ||
      value instanceof Int8Array ||
      value instanceof BigInt64Array ||
      value instanceof Uint8Array
    ) {
      // A typed array crosses with its whole buffer, which may hold much more than the array shows.
      const copy = value.slice()
      buffers.push(copy.buffer)
      return copy
    }
    if (Array.isArray(value)) return value.map(copyOf)
    if (typeof value !== 'object' || value === null || value instanceof WebAssembly.Module) {
      return value
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]))
  }
  return { copy: copyOf(request), buffers }
}

interface Pending {
  resolve(reply: unknown): void
  reject(error: LowbitError): void
  onProgress(progress: Progress): void
}

const toError = ({ code, message, where }: FailureMessage) => new LowbitError(code, message, where)

const workerEnded = (reason: string) =>
  new LowbitError('BACKEND_FAILED', `the worker ended: ${reason}`)

class Bridge implements Host {
  readonly version: string
  readonly tier: KernelTier
  readonly tiles: Tiles
  readonly isHere = false
  readonly runAgain = () => undefined
  readonly #worker: WorkerLike
  readonly #pending = new Map<number, Pending>()
  #isDead = false
  #lastCall = 0

  constructor(worker: WorkerLike, started: Pick<Host, 'version' | 'tier' | 'tiles'>) {
    this.#worker = worker
    this.version = started.version
    this.tier = started.tier
    this.tiles = started.tiles
    worker.onmessage = ({ data }) => this.#receive(data as FromWorker)
    worker.onerror = (event) => this.#die(event.message ?? '')
    worker.unref?.()
  }

  get isDead(): boolean {
    return this.#isDead
  }

  call: Host['call'] = (verb, request, onProgress) => {
    const call = ++this.#lastCall
    if (this.#isDead) {
      return { reply: Promise.reject(workerEnded('it had ended before')), abort() {} }
    }
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(call, { resolve, reject, onProgress })
    })
    const { copy, buffers } = detach(request)
    this.#worker.ref?.()
    this.#send({ kind: 'call', call, verb, request: copy }, buffers)
    const abort = () => this.#send({ kind: 'abort', call })
    return { reply, abort } as Call<never>
  }

  release(model: number): void {
    this.#send({ kind: 'release', model })
  }

  end(): void {
    this.#die('it was ended')
  }

  #send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (!this.#isDead) this.#worker.postMessage(message, transfer)
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'started' || message.kind === 'notStarted') return
    const pending = this.#pending.get(message.call)
    if (!pending) return
    if (message.kind === 'progress') {
      pending.onProgress(message.progress)
      return
    }
    this.#pending.delete(message.call)
    if (this.#pending.size === 0) this.#worker.unref?.()
    if (message.kind === 'done') {
      pending.resolve(message.reply)
    } else {
      pending.reject(toError(message.failure))
      if (message.isDead) this.#die('another call broke its WebAssembly instance')
    }
  }

  #die(reason: string): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#worker.terminate()
    for (const { reject } of this.#pending.values()) {
      reject(workerEnded(reason))
    }
    this.#pending.clear()
  }
}

/** A session in `worker`, which must run the package's worker.js. Errors: LOAD_FAILED. */
export function startBridge(
  worker: WorkerLike,
  parts: readonly WebAssembly.Module[],
  kernels: Kernels,
  tuning: Tuning,
): Promise<Host> {
  return new Promise((resolve, reject) => {
    const fail = (error: LowbitError) => {
      worker.terminate()
      reject(error)
    }
    worker.onmessage = ({ data }) => {
      const message = data as FromWorker
      if (message.kind === 'started') resolve(new Bridge(worker, message))
      else if (message.kind === 'notStarted') fail(toError(message.failure))
    }
    worker.onerror = ({ message = 'its script did not load' }) => {
      fail(new LowbitError('LOAD_FAILED', `the worker did not start: ${message}`, 'worker'))
    }
    worker.postMessage({ kind: 'start', parts, kernels, tuning } satisfies ToWorker, [])
  })
}
