// The few built-in modules of Node that the library uses where it runs there. They are reached without an import, which
// bundlers for browsers would stumble over.

export interface NodeFiles {
  readFile(path: URL | string): Promise<Uint8Array<ArrayBuffer>>
}

interface NodePort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  on(event: string, listener: (data: unknown) => void): void
}

interface NodeWorker extends NodePort {
  terminate(): unknown
  ref(): void
  unref(): void
}

interface NodeWorkerThreads {
  Worker: new (url: URL) => NodeWorker
  /** Null outside of workers. */
  parentPort: NodePort | null
}

interface NodeSystem {
  availableParallelism(): number
}

interface Builtins {
  'node:fs/promises': NodeFiles
  'node:os': NodeSystem
  'node:worker_threads': NodeWorkerThreads
}

/** A built-in module of Node; undefined elsewhere. */
export function nodeBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (id: string) => unknown }
  }
  return process?.getBuiltinModule?.(name) as Builtins[Name] | undefined
}
