// The little of ONNX that the comparison needs, on purpose not the project's own reader or writer: it builds small models
// to run, and reads the parameters of the DequantizeLinear before a model's output. Field numbers are those of onnx.proto.

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 }

// Writing: a message is an array of byte arrays.

function varint(value) {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Uint8Array.of(...bytes, Number(rest))
}

const join = (...parts) => new Uint8Array(Buffer.concat(parts.flat(Number.POSITIVE_INFINITY)))
const integer = (field, value) => [varint(field * 8 + VARINT), varint(value)]
const bytes = (field, value) => [varint(field * 8 + BYTES), varint(value.length), value]
const text = (field, value) => bytes(field, Buffer.from(value))
const message = (field, ...parts) => bytes(field, join(...parts))

function attribute(name, value) {
  if (Array.isArray(value))
    return message(
      5,
      text(1, name),
      value.map((item) => integer(8, item)),
      integer(20, 7),
    )
  return message(5, text(1, name), integer(3, value), integer(20, 2))
}

function node([op, inputs, output, attributes = {}]) {
  return message(
    1,
    inputs.map((name) => text(1, name)),
    text(2, output),
    text(3, `make_${output}`),
    text(4, op),
    Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  )
}

function initializer([name, { type, dims, data }]) {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return message(
    5,
    dims.map((dim) => integer(1, dim)),
    integer(2, dataTypes[type]),
    text(8, name),
    bytes(9, raw),
  )
}

function valueInfo(field, [name, dims]) {
  const shape = dims.map((dim) =>
    message(1, typeof dim === 'string' ? text(2, dim) : integer(1, dim)),
  )
  return message(
    field,
    text(1, name),
    message(2, message(1, integer(1, dataTypes.float32), message(2, shape))),
  )
}

/**
 * A model as bytes. `inputs` and `outputs` map names to dimensions (float32; a string is a symbol), `constants` maps
 * names to { type, dims, data }, `nodes` are [operator, inputs, output, attributes] with integer attributes.
 */
export function buildModel({ inputs, outputs, constants = {}, nodes, opset = 17 }) {
  const graph = message(
    7,
    nodes.map(node),
    text(2, 'graph'),
    Object.entries(constants).map(initializer),
    Object.entries(inputs).map((value) => valueInfo(11, value)),
    Object.entries(outputs).map((value) => valueInfo(12, value)),
  )
  return join(integer(1, 8), graph, message(8, integer(2, opset)))
}

// Reading.

/** The fields of a message: an array of values for each field number; a value is a BigInt or a byte array. */
function fields(data) {
  const found = new Map()
  let at = 0
  const take = (count) => {
    if (at + count > data.length) throw new Error('ONNX file cut short')
    at += count
    return data.subarray(at - count, at)
  }
  const number = () => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte] = take(1)
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
    throw new Error('ONNX file with a varint of more than 10 bytes')
  }
  const readers = {
    [VARINT]: number,
    [FIXED64]: () => take(8),
    [BYTES]: () => take(Number(number())),
    [FIXED32]: () => take(4),
  }
  while (at < data.length) {
    const tag = number()
    const read = readers[Number(tag & 7n)]
    if (!read) throw new Error(`ONNX file with wire type ${tag & 7n}`)
    const field = Number(tag >> 3n)
    found.set(field, [...(found.get(field) ?? []), read()])
  }
  return found
}

const one = (parsed, field) => parsed.get(field)?.[0]
const string = (value) => Buffer.from(value ?? []).toString()

/** The one element of a float32, uint8 or int8 initializer. */
function scalar(graph, name) {
  const tensor = (graph.get(5) ?? [])
    .map(fields)
    .find((candidate) => string(one(candidate, 8)) === name)
  const raw = tensor && one(tensor, 9)
  const type = tensor && Number(one(tensor, 2))
  const size = { [dataTypes.float32]: 4, [dataTypes.uint8]: 1, [dataTypes.int8]: 1 }[type]
  if (raw?.length !== size)
    throw new Error(`"${name}" is no float32, uint8 or int8 scalar among the initializers`)
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  if (type === dataTypes.float32) return { type, value: view.getFloat32(0, true) }
  return { type, value: type === dataTypes.uint8 ? view.getUint8(0) : view.getInt8(0) }
}

/** The parameters { scale, zeroPoint, min, max } of the DequantizeLinear that makes the model's first output. */
export function outputQuantization(model) {
  const graph = fields(one(fields(model), 7))
  const output = string(one(fields(one(graph, 12)), 1))
  const nodes = (graph.get(1) ?? []).map(fields)
  const last = nodes.find((candidate) => string(one(candidate, 2)) === output)
  const op = last ? string(one(last, 4)) : 'no node'
  if (op !== 'DequantizeLinear')
    throw new Error(`the output "${output}" is made by ${op}, not by DequantizeLinear`)
  const [, scaleName, zeroPointName] = last.get(1).map(string)
  const scale = scalar(graph, scaleName).value
  const zeroPoint = scalar(graph, zeroPointName)
  const [min, max] = zeroPoint.type === dataTypes.uint8 ? [0, 255] : [-128, 127]
  return { scale, zeroPoint: zeroPoint.value, min, max }
}
