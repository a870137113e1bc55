// A model in WebAssembly, with the plan of the input shapes that it ran last. What goes in and out is copied here: calls from
// one language into the other cost more than a small model takes to run.

import { arrays } from './arguments.js'
import type { Model } from './lowbit.js'
import type { Failure, Place, Places, RawTensor } from './raw.js'
import type { TensorData } from './types.js'

/** A place as a typed array, made again where memory has grown and left the old one behind. */
export class View {
  readonly #place: Place
  readonly #memory: WebAssembly.Memory
  #data: TensorData | undefined

  constructor(place: Place, memory: WebAssembly.Memory) {
    this.#place = place
    this.#memory = memory
  }

  get shape(): readonly number[] {
    return this.#place.shape
  }

  get data(): TensorData {
    const { buffer } = this.#memory
    if (this.#data?.buffer === buffer) return this.#data
    const { dtype, address, length } = this.#place
    const array = arrays[dtype]
    if (!array) throw new TypeError(dtype)
    this.#data = new array(buffer, address, length)
    return this.#data
  }

  /** `data` is of the place's type and length. */
  write(data: TensorData): void {
    this.data.set(data as never)
    this.normalize()
  }

  /** Of truths, makes all but 0 to 1. */
  normalize(): void {
    if (this.#place.dtype !== 'bool') return
    const elements = this.data
    elements.forEach((truth, i) => {
      elements[i] = truth ? 1 : 0
    })
  }

  /** In the memory of `lent`, where that has the length. */
  read(lent: RawTensor | undefined): RawTensor {
    const elements = this.data
    const shape = [...this.shape]
    if (lent?.data.length !== elements.length) return { data: elements.slice(), shape }
    lent.data.set(elements as never)
    return { data: lent.data, shape }
  }
}

/** A planned model whose inputs the caller writes in place. */
export interface Bound {
  readonly inputs: readonly View[]
  readonly outputs: readonly View[]
  run(): Failure | undefined
}

const isSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, axis) => size === b[axis])

export class PlannedModel {
  readonly model: Model
  readonly #memory: WebAssembly.Memory
  /** Those of the plan. */
  #shapes: readonly (readonly number[])[] | undefined
  #inputs: View[] = []
  #outputs: View[] = []

  constructor(model: Model, memory: WebAssembly.Memory) {
    this.model = model
    this.#memory = memory
  }

  /** Whether it ran inputs of these shapes last. */
  isPlannedFor(inputs: readonly RawTensor[]): boolean {
    return (
      this.#shapes?.length === inputs.length &&
      this.#shapes.every((shape, i) => isSame(shape, inputs[i]?.shape ?? []))
    )
  }

  /** `lent`: tensors of the outputs' types, to be filled where they have the lengths. */
  run(inputs: readonly RawTensor[], lent: readonly RawTensor[]): RawTensor[] | Failure {
    const failure = this.#plan(inputs)
    if (failure) return failure
    inputs.forEach(({ data }, i) => {
      this.#inputs[i]?.write(data)
    })
    return this.model.run() ?? this.#outputs.map((view, i) => view.read(lent[i]))
  }

  /** The inputs, written, and the outputs where they lie until it runs or binds inputs of other shapes. */
  bind(inputs: readonly RawTensor[]): Bound | Failure {
    const failure = this.#plan(inputs)
    if (failure) return failure
    const views = this.#inputs
    inputs.forEach(({ data }, i) => {
      views[i]?.write(data)
    })
    const run = () => {
      for (const view of views) view.normalize()
      return this.model.run()
    }
    return { inputs: views, outputs: this.#outputs, run }
  }

  #plan(inputs: readonly RawTensor[]): Failure | undefined {
    if (this.isPlannedFor(inputs)) return undefined
    this.#shapes = undefined
    const places: Places | Failure = this.model.plan(inputs)
    if ('error' in places) return places
    const viewOf = (place: Place) => new View(place, this.#memory)
    this.#inputs = places.inputs.map(viewOf)
    this.#outputs = places.outputs.map(viewOf)
    this.#shapes = inputs.map(({ shape }) => [...shape])
    return undefined
  }
}
