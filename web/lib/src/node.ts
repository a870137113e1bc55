// The few built-in modules of Node that the library uses where it runs there. They are reached without an import, which
// bundlers for browsers would stumble over.

export interface NodeFiles {
  readFile(path: URL | string): Promise<Uint8Array<ArrayBuffer>>
}

interface NodePort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  on(event: string, listener: (data: unknown) => void): void
}

export interface NodeWorker extends NodePort {
  terminate(): unknown
  ref(): void
  unref(): void
}

interface NodeWorkerThreads {
  Worker: new (source: URL | string, options?: { eval: boolean }) => NodeWorker
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

interface NodeProcess {
  getBuiltinModule?: (id: string) => unknown
  versions?: { node?: string }
  env?: { NODE_ENV?: string }
}

const { process } = globalThis as { process?: NodeProcess }

/** A built-in module of Node; undefined elsewhere. */
export const nodeBuiltin = <Name extends keyof Builtins>(name: Name) =>
  process?.getBuiltinModule?.(name) as Builtins[Name] | undefined

/** Whether this is Node, and not in production. */
export const isDevelopment =
  process?.versions?.node !== undefined && process.env?.NODE_ENV !== 'production'

/** Node's major version; undefined elsewhere. */
export function nodeVersion(): number | undefined {
  const version = process?.versions?.node
  return version === undefined ? undefined : Number.parseInt(version, 10)
}
