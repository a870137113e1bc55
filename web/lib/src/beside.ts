// The worker and the binary in files beside this one. Bundlers find them by the form of their addresses, and copy them.

import type { Home } from './create.js'
import { nodeBuiltin } from './node.js'
import { workerOfNode } from './node_worker.js'
import type { WorkerLike } from './types.js'

export const beside: Home = {
  parts: {
    run: () => new URL('./lowbit.wasm', import.meta.url),
    quantize: () => new URL('./lowbit-quantize.wasm', import.meta.url),
    relaxed: () => new URL('./lowbit-relaxed.wasm', import.meta.url),
  },
  startWorker() {
    const threads = nodeBuiltin('node:worker_threads')
    if (threads) {
      // Not in bundlers' form of a worker's address: in their output Node's branch never runs.
      const here = import.meta.url
      return workerOfNode(new threads.Worker(new URL('./worker.js', here)))
    }
    return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }) as WorkerLike
  },
}
