// The little of ONNX that the comparison and the benchmark need, on purpose not the project's own reader or writer: it
// builds models and reads them again. Field numbers are those of onnx.proto. Runs in a page too.

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const dataTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  int4: 22,
}
const arrays = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array, // its bits
  int4: Uint8Array, // two in each
}

// Writing: a message is an array of byte arrays.

function varint(value) {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Uint8Array.of(...bytes, Number(rest))
}

function join(...parts) {
  const pieces = parts.flat(Number.POSITIVE_INFINITY)
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

const integer = (field, value) => [varint(field * 8 + VARINT), varint(value)]
const bytes = (field, value) => [varint(field * 8 + BYTES), varint(value.length), value]
const float = (field, value) => [
  varint(field * 8 + FIXED32),
  new Uint8Array(Float32Array.of(value).buffer),
]
const text = (field, value) => bytes(field, new TextEncoder().encode(value))
const message = (field, ...parts) => bytes(field, join(...parts))

function attribute(name, value) {
  if (Array.isArray(value))
    return message(
      5,
      text(1, name),
      value.map((item) => integer(8, item)),
      integer(20, 7),
    )
  if (typeof value === 'string') return message(5, text(1, name), text(4, value), integer(20, 3))
  if (!Number.isInteger(value)) return message(5, text(1, name), float(2, value), integer(20, 1))
  return message(5, text(1, name), integer(3, value), integer(20, 2))
}

function node([op, inputs, output, attributes = {}]) {
  return message(
    1,
    inputs.map((name) => text(1, name)),
    [output].flat().map((name) => text(2, name)),
    text(3, `make_${output}`),
    text(4, op),
    Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  )
}

function initializer([name, { type, dims, data, file }]) {
  const elements = data
    ? bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    : [message(13, text(1, 'location'), text(2, file)), integer(14, 1)]
  return message(
    5,
    dims.map((dim) => integer(1, dim)),
    integer(2, dataTypes[type]),
    text(8, name),
    elements,
  )
}

function valueInfo(field, [name, value]) {
  const { shape: dims, type } = Array.isArray(value) ? { shape: value, type: 'float32' } : value
  const shape = dims?.map((dim) =>
    message(1, typeof dim === 'string' ? text(2, dim) : integer(1, dim)),
  )
  return message(
    field,
    text(1, name),
    message(2, message(1, integer(1, dataTypes[type]), shape ? message(2, shape) : [])),
  )
}

/**
 * A model as bytes. `inputs` and `outputs` map names to dimensions (float32; a string is a symbol) or to { shape, type },
 * where an output's shape may be missing; `constants` map names to { type, dims, data }, or with `file` in
 * place of data to what is all of another file; `nodes` are [operator, inputs,
 * output or outputs, attributes]. An attribute is a text, a list of integers or a number, which is written as a float
 * unless it is an integer.
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
const string = (value) => new TextDecoder().decode(value)
const integers = (values = []) => values.map((value) => Number(BigInt.asIntN(64, value)))
/** A copy, so that arrays of any type may lie on it. Not slice(): a Buffer's shares its memory. */
const aligned = (value) => new Uint8Array(value).buffer

function readAttribute(data) {
  const parsed = fields(data)
  const values = {
    1: () => new DataView(aligned(one(parsed, 2))).getFloat32(0, true),
    2: () => integers(parsed.get(3))[0],
    3: () => string(one(parsed, 4)),
    7: () => integers(parsed.get(8)),
  }
  const name = string(one(parsed, 1))
  const read = values[Number(one(parsed, 20))]
  if (!read) throw new Error(`attribute "${name}" is neither a float, a text nor integers`)
  return [name, read()]
}

function readNode(data) {
  const parsed = fields(data)
  return [
    string(one(parsed, 4)),
    (parsed.get(1) ?? []).map(string),
    string(one(parsed, 2)),
    Object.fromEntries((parsed.get(5) ?? []).map(readAttribute)),
  ]
}

function readInitializer(data) {
  const parsed = fields(data)
  const name = string(one(parsed, 8))
  const number = Number(one(parsed, 2))
  const type = Object.keys(dataTypes).find((key) => dataTypes[key] === number)
  const raw = one(parsed, 9)
  if (!type || !raw) throw new Error(`"${name}" is of type ${number}, or not stored as raw bytes`)
  return [name, { type, dims: integers(parsed.get(1)), data: new arrays[type](aligned(raw)) }]
}

function readValueInfo(data) {
  const parsed = fields(data)
  const shape = one(fields(one(fields(one(parsed, 2)), 1)), 2)
  const dims = (fields(shape).get(1) ?? []).map((dim) => {
    const either = fields(dim)
    return either.has(2) ? string(one(either, 2)) : integers(either.get(1))[0]
  })
  return [string(one(parsed, 1)), dims]
}

/** What `buildModel` takes, from a model's bytes. */
export function readModel(bytes) {
  const model = fields(bytes)
  const graph = fields(one(model, 7))
  const all = (field, read) => (graph.get(field) ?? []).map(read)
  return {
    inputs: Object.fromEntries(all(11, readValueInfo)),
    outputs: Object.fromEntries(all(12, readValueInfo)),
    constants: Object.fromEntries(all(5, readInitializer)),
    nodes: all(1, readNode),
    opset: integers(fields(one(model, 8)).get(2))[0],
  }
}

/** The parameters { scale, zeroPoint, min, max } of the DequantizeLinear that makes the model's first output. */
export function outputQuantization(bytes) {
  const { outputs, constants, nodes } = readModel(bytes)
  const [output] = Object.keys(outputs)
  const last = nodes.find(([, , name]) => name === output)
  const op = last?.[0] ?? 'no node'
  if (op !== 'DequantizeLinear')
    throw new Error(`the output "${output}" is made by ${op}, not by DequantizeLinear`)
  const [scale, zeroPoint] = last[1].slice(1).map((name) => {
    const tensor = constants[name]
    if (tensor?.data.length !== 1 || !['float32', 'uint8', 'int8'].includes(tensor.type))
      throw new Error(`"${name}" is no float32, uint8 or int8 scalar among the initializers`)
    return { type: tensor.type, value: tensor.data[0] }
  })
  const [min, max] = zeroPoint.type === 'uint8' ? [0, 255] : [-128, 127]
  return { scale: scale.value, zeroPoint: zeroPoint.value, min, max }
}
