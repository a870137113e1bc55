// Which hosts have the binary's second part: what does all verbs but load and run, the operators that fewer models have
// (src/graph/common_ops.h), and the reference tier.

import type { Binary } from './loader.js'
import type { Host } from './protocol.js'
import { LowbitError } from './types.js'

export class SecondPart {
  readonly #binary: Binary
  /** The hosts that have it once the promise is fulfilled. */
  readonly #homes = new WeakMap<Host, Promise<unknown>>()

  constructor(binary: Binary) {
    this.#binary = binary
  }

  /** Brings it to a host, once. */
  async bring(host: Host): Promise<void> {
    let isThere = this.#homes.get(host)
    if (!isThere) {
      isThere = this.#binary
        .quantize()
        .then((part) => host.call('complete', { part }, () => {}).reply)
      this.#homes.set(host, isThere)
      isThere.catch(() => this.#homes.delete(host))
    }
    await isThere
  }

  /** Does what `load` does; where the host lacks an operator, once more with all that there are. */
  async forLoading<T>(host: Host, load: () => Promise<T>): Promise<T> {
    if (host.tier === 'reference') await this.bring(host)
    try {
      return await load()
    } catch (error) {
      if (!(error instanceof LowbitError) || error.code !== 'UNSUPPORTED_OPERATOR') throw error
    }
    await this.bring(host)
    return load()
  }
}
