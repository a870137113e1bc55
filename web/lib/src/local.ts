// A session in the caller's own thread.

import type { Control, Host } from './protocol.js'
import { createSession } from './session.js'
import type { Tier } from './types.js'

/** Errors: LOAD_FAILED. */
export async function startLocal(binary: WebAssembly.Module, tier: Tier): Promise<Host> {
  const session = await createSession(binary, tier)
  const version = session.version
  let hasEnded = false
  return {
    version,
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
    release: (model) => session.release(model),
    end() {
      hasEnded = true
    },
  }
}
