// What the converter of TensorFlow.js does to a network before it runs: batch normalization goes into the convolution
// before it, activations become part of the layer before them. Networks are described as in tests/oracle/onnx.mjs.

const EPSILON = 1e-5 // ONNX's default.

function foldBatchNormalization({ constants, nodes, ...rest }) {
  const folded = { ...constants }
  const kept = []
  for (const node of nodes) {
    const [op, [x, ...parameters], output, { epsilon = EPSILON } = {}] = node
    if (op !== 'BatchNormalization') {
      kept.push(node)
      continue
    }
    const [scale, shift, mean, variance] = parameters.map((name) => constants[name].data)
    const at = kept.findIndex(([op, , name]) => op === 'Conv' && name === x)
    if (at < 0) throw new Error(`"${output}" does not follow a convolution`)
    const [, [input, weights, bias], , attributes] = kept[at]
    const { dims, data } = constants[weights]
    const size = data.length / dims[0]
    const factors = scale.map((value, c) => value / Math.sqrt(variance[c] + epsilon))
    const names = [`${output}.weight`, `${output}.bias`]
    folded[names[0]] = { dims, data: data.map((w, i) => w * factors[Math.floor(i / size)]) }
    folded[names[1]] = {
      dims: [dims[0]],
      data: shift.map((b, c) => b + ((bias ? constants[bias].data[c] : 0) - mean[c]) * factors[c]),
    }
    kept[at] = ['Conv', [input, ...names], output, attributes]
  }
  return { ...rest, constants: folded, nodes: kept }
}

/** The name TensorFlow.js has for an activation node, or undefined. */
function activationOf([op, [, low, high]], constants) {
  if (op === 'Relu') return 'relu'
  const bounds = [low, high].map((name) => constants[name]?.data[0])
  return op === 'Clip' && bounds.join() === '0,6' ? 'relu6' : undefined
}

function fuseActivations({ constants, nodes, ...rest }) {
  const consumers = (name) => nodes.filter(([, inputs]) => inputs.includes(name))
  const gone = new Set()
  const fused = nodes.map((node) => {
    const [op, inputs, output, attributes] = node
    const [next, ...others] = consumers(output)
    const activation = next && !others.length && activationOf(next, constants)
    if (!['Conv', 'Gemm'].includes(op) || !activation) return node
    gone.add(next)
    return [op, inputs, next[2], { ...attributes, activation }]
  })
  return { ...rest, constants, nodes: fused.filter((_, i) => !gone.has(nodes[i])) }
}

/** The network with `activation` ('relu' or 'relu6') among the attributes of Conv and Gemm, and no BatchNormalization. */
export const optimize = (network) => fuseActivations(foldBatchNormalization(network))
