// A quantized model taken apart at its integers: what ONNX Runtime makes of each layer, and what our layers make of the
// same integers. A difference of one step may grow from layer to layer, so that the last one does not tell where it came
// from.

import { buildModel, readModel } from './onnx.mjs'
import { openModel } from './ort.mjs'

const given = (name) => `${name}/given`

/** A model saved in QDQ form, with the integers of all layers as its outputs. */
function withIntegers(model) {
  const made = model.nodes.flatMap(([op, , name]) => (op === 'QuantizeLinear' ? [name] : []))
  return { ...model, outputs: Object.fromEntries(made.map((name) => [name, { type: 'uint8' }])) }
}

/** Such a model whose layers take inputs of these shapes, by name, in place of the integers that others made. */
function inPieces(model, shapes) {
  const inputs = Object.entries(shapes).map(([name, shape]) => [
    given(name),
    { shape, type: 'uint8' },
  ])
  const nodes = model.nodes.map(([op, names, ...rest]) => [
    op,
    names.map((name) => (name in shapes ? given(name) : name)),
    ...rest,
  ])
  return { ...model, inputs: { ...model.inputs, ...Object.fromEntries(inputs) }, nodes }
}

/**
 * The integers of all layers of a saved model of one input, one after another: { theirs: the runtime's, ours: what each of
 * our layers makes of those before it }.
 */
export async function runLayers(lowbit, runtime, bytes, input) {
  const model = withIntegers(readModel(bytes))
  const session = await openModel(runtime, buildModel(model))
  const results = await session.runAll([input])
  await session.release()
  const theirs = Object.keys(model.outputs).map((name) => results[name])
  const shapes = Object.fromEntries(
    Object.keys(model.outputs).map((name, i) => [name, theirs[i].dims]),
  )
  const pieces = await lowbit.load(buildModel(inPieces(model, shapes)))
  const integers = theirs.map(({ data, dims }) => ({ data, shape: dims }))
  const ours = await pieces.run([input, ...integers])
  pieces.dispose()
  return { theirs: joined(theirs), ours: joined(ours) }
}

function joined(tensors) {
  const all = new Uint8Array(tensors.reduce((sum, { data }) => sum + data.length, 0))
  let at = 0
  for (const { data } of tensors) {
    all.set(data, at)
    at += data.length
  }
  return all
}
