// A session in the caller's own thread.

import { disposed } from './failures.js'
import type { Control, Host, Kernels, Tuning } from './protocol.js'
import { createSession } from './session.js'

/** Errors: LOAD_FAILED. */
export async function startLocal(
  parts: readonly WebAssembly.Module[],
  kernels: Kernels,
  tuning: Tuning,
): Promise<Host> {
  const session = await createSession(parts, kernels, tuning)
  const { version, tier, tiles } = session
  let hasEnded = false
  return {
    version,
    tier,
    tiles,
    isHere: true,
    get isDead() {
      return hasEnded || session.isDead
    },
    call(verb, request, onProgress) {
      const control: Control = { isAborted: false, onProgress }
      const abort = () => {
        control.isAborted = true
      }
      return { reply: session.call(verb, request, control), abort }
    },
    runAgain: (request) => session.runAgain(request),
    bind(model, inputs) {
      const bound = session.bind(model, inputs)
      const run = () => {
        if (hasEnded) throw disposed('lowbit')
        bound.run()
      }
      return { ...bound, run }
    },
    release: (model) => session.release(model),
    end() {
      hasEnded = true
    },
  }
}
