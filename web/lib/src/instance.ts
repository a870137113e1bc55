// One WebAssembly instance. Embind's handles and exceptions end here: failures become LowbitErrors, and an instance that
// trapped, aborted or ran out of memory is never entered again.

import createModule, { type MainModule } from './lowbit.js'
import type { Failure } from './raw.js'
import { LowbitError } from './types.js'

/** A handle of Embind's: its memory is freed by `delete`, and by nothing else. */
interface Handle {
  delete(): void
}

const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && 'error' in value

// The first is what src/bindings/run.cpp throws where `new` fails, the others are the engines' own, for example where
// JavaScript has no memory for a result.
const outOfMemory = /OUT_OF_MEMORY|out of memory|allocation failed|Invalid typed array length/i

function explainBreakdown(cause: unknown): LowbitError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return outOfMemory.test(reason)
    ? new LowbitError('OUT_OF_MEMORY', 'WebAssembly ran out of memory', '', { cause })
    : new LowbitError('BACKEND_FAILED', `WebAssembly failed: ${reason}`, '', { cause })
}

function notInstantiated(cause: unknown): LowbitError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `the WebAssembly binary could not be instantiated: ${reason}`
  return new LowbitError('LOAD_FAILED', message, 'wasm', { cause })
}

export class Instance {
  readonly #module: MainModule
  readonly #exports: WebAssembly.Exports
  #isBroken = false

  /** `exports`: of the instance of the binary's first part. */
  constructor(module: MainModule, exports: WebAssembly.Exports) {
    this.#module = module
    this.#exports = exports
  }

  get memory(): WebAssembly.Memory {
    // The optimizer gave it a name of its own.
    const isMemory = (found: unknown) => found instanceof WebAssembly.Memory
    return Object.values(this.#exports).find(isMemory) as WebAssembly.Memory
  }

  /** True once the instance must be replaced. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Adds another part of the binary, once. Errors: LOAD_FAILED. */
  async add(part: WebAssembly.Module): Promise<void> {
    try {
      await WebAssembly.instantiate(part, { lowbit: this.#exports })
    } catch (cause) {
      throw notInstantiated(cause)
    }
  }

  /** Calls into WebAssembly. Throws LowbitError; one of code OUT_OF_MEMORY or BACKEND_FAILED breaks the instance. */
  call<T>(action: (module: MainModule) => T | Failure): T {
    if (this.#isBroken) {
      throw new LowbitError('BACKEND_FAILED', 'another call broke the WebAssembly instance')
    }
    let result: T | Failure
    try {
      result = action(this.#module)
    } catch (cause) {
      this.#isBroken = true
      throw explainBreakdown(cause)
    }
    if (!isFailure(result)) return result
    const { code, message, where } = result.error
    // Memory of WebAssembly never shrinks: only a new instance gives it back.
    if (code === 'OUT_OF_MEMORY') this.#isBroken = true
    throw new LowbitError(code, message, where)
  }

  /** Frees a handle. A broken instance's memory goes with the instance. */
  free(handle: Handle): void {
    if (!this.#isBroken) this.call(() => handle.delete())
  }
}

/** Instantiates the first part of a binary. Errors: LOAD_FAILED. */
export async function createInstance(binary: WebAssembly.Module): Promise<Instance> {
  const silent = () => {}
  let exports: WebAssembly.Exports = {}
  try {
    const module = await new Promise<MainModule>((resolve, reject) => {
      // Emscripten's promise stays pending where instantiateWasm fails.
      const instantiateWasm = (
        imports: WebAssembly.Imports,
        done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
      ) => {
        WebAssembly.instantiate(binary, imports)
          .then((made) => {
            exports = made.exports
            done(made, binary)
          })
          .catch(reject)
        return {}
      }
      createModule({ instantiateWasm, print: silent, printErr: silent }).then(resolve, reject)
    })
    return new Instance(module, exports)
  } catch (cause) {
    throw notInstantiated(cause)
  }
}
