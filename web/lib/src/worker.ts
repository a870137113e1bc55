// The worker's side: a session that takes its calls from messages (protocol.ts). Import it as a worker, not as a module.

import { nodeBuiltin } from './node.js'
import type {
  Control,
  FailureMessage,
  FromWorker,
  Kernels,
  ToWorker,
  Tuning,
  Verb,
  Verbs,
} from './protocol.js'
import { createSession, type Session } from './session.js'
import { LowbitError } from './types.js'

const nodePort = nodeBuiltin('node:worker_threads')?.parentPort

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  if (nodePort) nodePort.postMessage(message, transfer)
  else self.postMessage(message, { transfer })
}

function toMessage(error: unknown): FailureMessage {
  if (error instanceof LowbitError) {
    return { code: error.code, message: error.message, where: error.where }
  }
  return { code: 'BACKEND_FAILED', message: String(error), where: '' }
}

/** The buffers in a reply. They are copies that nobody else holds, so they can move to the other thread. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(buffersIn)
}

let session: Session | undefined
const running = new Map<number, Control>()

async function start(parts: readonly WebAssembly.Module[], kernels: Kernels, tuning: Tuning) {
  try {
    session = await createSession(parts, kernels, tuning)
    const { version, tier, tiles } = session
    send({ kind: 'started', version, tier, tiles })
  } catch (error) {
    send({ kind: 'notStarted', failure: toMessage(error) })
  }
}

async function call(call: number, verb: Verb, request: unknown) {
  const control: Control = {
    isAborted: false,
    onProgress: (progress) => send({ kind: 'progress', call, progress }),
  }
  running.set(call, control)
  try {
    const reply = await session?.call(verb, request as Verbs[Verb]['request'], control)
    send({ kind: 'done', call, reply }, buffersIn(reply))
  } catch (error) {
    send({ kind: 'failed', call, failure: toMessage(error), isDead: session?.isDead ?? true })
  } finally {
    running.delete(call)
  }
}

function receive(message: ToWorker): void {
  switch (message.kind) {
    case 'start':
      void start(message.parts, message.kernels, message.tuning)
      break
    case 'call':
      void call(message.call, message.verb, message.request)
      break
    case 'abort': {
      const control = running.get(message.call)
      if (control) control.isAborted = true
      break
    }
    case 'release':
      session?.release(message.model)
      break
  }
}

if (nodePort) nodePort.on('message', (data) => receive(data as ToWorker))
else self.onmessage = ({ data }) => receive(data as ToWorker)
