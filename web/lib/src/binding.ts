// A model whose tensors the caller reads and writes where they lie.

import { disposed } from './failures.js'
import { makeDisposable } from './handles.js'
import type { BoundHere } from './protocol.js'
import type { AnyTensor, BoundModel, TensorData } from './types.js'

/** Keeps its binding from being collected, whose memory it shows. */
class BoundTensor implements AnyTensor {
  readonly shape: readonly number[]
  readonly #binding: Binding
  readonly #place: AnyTensor

  constructor(binding: Binding, place: AnyTensor) {
    this.#binding = binding
    this.#place = place
    this.shape = place.shape
  }

  get data(): TensorData {
    this.#binding.checkAlive()
    return this.#place.data
  }
}

/** Nothing frees one that was forgotten: an array of its memory may be in use, and would then show another's. */
export class Binding implements BoundModel<TensorData, TensorData> {
  declare [Symbol.dispose]: () => void
  readonly inputs: readonly AnyTensor[]
  readonly outputs: readonly AnyTensor[]
  readonly #bound: BoundHere
  readonly #release: () => void
  #isDisposed = false

  constructor(bound: BoundHere, release: () => void) {
    this.#bound = bound
    this.#release = release
    this.inputs = bound.inputs.map((place) => new BoundTensor(this, place))
    this.outputs = bound.outputs.map((place) => new BoundTensor(this, place))
  }

  /** Errors: DISPOSED. */
  checkAlive(): void {
    if (this.#isDisposed) throw disposed('binding')
  }

  run(): void {
    this.checkAlive()
    this.#bound.run()
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#release()
  }
}
makeDisposable(Binding.prototype)
