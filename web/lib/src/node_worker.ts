// Workers of Node in the shape of a browser's.

import type { NodeWorker } from './node.js'
import type { WorkerLike } from './types.js'

export function workerOfNode(worker: NodeWorker): WorkerLike {
  const like: WorkerLike = {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => worker.terminate(),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    onmessage: null,
    onerror: null,
  }
  worker.on('message', (data) => like.onmessage?.({ data }))
  worker.on('error', (error) => like.onerror?.({ message: String(error) }))
  worker.on('exit', () => like.onerror?.({ message: 'the worker exited' }))
  return like
}
