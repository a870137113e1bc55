// What a caller waits for: one call of the API, which may ask several hosts for something.

import { aborted } from './failures.js'
import type { Call, Host, Verb, Verbs } from './protocol.js'
import type { CallOptions, Progress } from './types.js'

/** The tasks that run, each with its end. */
export type Tasks = Map<Task, Promise<void>>

export class Task {
  readonly #reject: (reason: unknown) => void
  readonly #onProgress: CallOptions['onProgress']
  readonly #running = new Set<Call<unknown>>()
  #hasStopped = false

  constructor(reject: (reason: unknown) => void, onProgress: CallOptions['onProgress']) {
    this.#reject = reject
    this.#onProgress = onProgress
  }

  /** The caller stops waiting, and what runs for this task is ended. */
  stop(reason: unknown): void {
    this.#hasStopped = true
    this.#reject(reason)
    for (const call of this.#running) call.abort()
  }

  report(progress: Progress): void {
    if (this.#hasStopped) return
    try {
      this.#onProgress?.(progress)
    } catch (error) {
      this.stop(error)
    }
  }

  /** Asks a host, unless the task has stopped. */
  async ask<V extends Verb>(
    host: Host,
    verb: V,
    request: Verbs[V]['request'],
    onProgress = (progress: Progress) => this.report(progress),
  ): Promise<Verbs[V]['reply']> {
    if (this.#hasStopped) throw aborted()
    const call = host.call(verb, request, onProgress)
    this.#running.add(call)
    // A first report can come before there is something to abort.
    if (this.#hasStopped) call.abort()
    try {
      return await call.reply
    } finally {
      this.#running.delete(call)
    }
  }
}

/** Does `work` for a caller, until it is done, fails or is stopped: by the caller's signal, or as one of `tasks`. */
export function attend<Result>(
  tasks: Tasks,
  { signal, onProgress }: CallOptions,
  work: (task: Task) => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const task = new Task(reject, onProgress)
    const onAbort = () => task.stop(aborted(signal?.reason))
    if (signal?.aborted) {
      onAbort()
      return
    }
    signal?.addEventListener('abort', onAbort)
    const end = work(task)
      .then(resolve, (error) => task.stop(error))
      .finally(() => {
        signal?.removeEventListener('abort', onAbort)
        tasks.delete(task)
      })
    tasks.set(task, end)
  })
}
