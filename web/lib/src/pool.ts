// The hosts that share work. The first runs always and does everything alone that is short; the others start with the
// first work that is long enough for them.

import { disposed } from './failures.js'
import type { Host, ModelId } from './protocol.js'

export class Pool {
  readonly #startHost: () => Promise<Host>
  readonly #size: number
  /** By place. Those missing have not been needed yet. */
  readonly #hosts: (Host | undefined)[]
  readonly #starting = new Map<number, Promise<Host>>()
  #hasEnded = false

  /** `first` runs already; `startHost` starts the others, `size` - 1 at most, and new ones where one has died. */
  constructor(first: Host, startHost: () => Promise<Host>, size: number) {
    this.#hosts = [first]
    this.#startHost = startHost
    this.#size = size
  }

  /** The host of a place, alive: a new one where it has died or never was. */
  async host(place = 0): Promise<Host> {
    if (this.#hasEnded) throw disposed('lowbit')
    const host = this.#hosts[place]
    return host && !host.isDead ? host : this.#start(place)
  }

  /** The first, where it is alive. */
  get first(): Host | undefined {
    const [host] = this.#hosts
    return host && !host.isDead && !this.#hasEnded ? host : undefined
  }

  async #start(place: number): Promise<Host> {
    let starting = this.#starting.get(place)
    if (!starting) {
      starting = this.#startHost().finally(() => this.#starting.delete(place))
      this.#starting.set(place, starting)
    }
    const host = await starting
    this.#hosts[place] = host
    if (!this.#hasEnded) return host
    host.end()
    throw disposed('lowbit')
  }

  /**
   * Does every job, each on the next host that is free; results in the order of the jobs. Rejects with the first
   * failure, and begins no job after it. A host that cannot be started leaves its share to the others.
   */
  share<Job, Result>(
    jobs: readonly Job[],
    work: (host: Host, job: Job, index: number) => Promise<Result>,
  ): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      const results: Result[] = []
      let next = 0
      let done = 0
      const serve = async (host: Host) => {
        for (let index = next++; index < jobs.length; index = next++) {
          results[index] = await work(host, jobs[index] as Job, index)
          if (++done === jobs.length) resolve(results)
        }
      }
      const fail = (error: unknown) => {
        next = jobs.length
        reject(error)
      }
      this.host().then(serve).catch(fail)
      const places = Math.min(this.#size, jobs.length)
      for (let place = 1; place < places; place++) {
        this.host(place).then(
          (host) => serve(host).catch(fail),
          () => {},
        )
      }
    })
  }

  /** Frees a model wherever it is. */
  release(model: ModelId): void {
    for (const host of this.#hosts) host?.release(model)
  }

  end(): void {
    this.#hasEnded = true
    for (const host of this.#hosts) host?.end()
  }
}
