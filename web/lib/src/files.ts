// What files hold: models without loading them, and arrays.

/** An input or output as the file states it. */
export interface InspectedValue {
  readonly name: string
  /** "float32", "int64" and so on; "undefined" where the file does not say, "type 16" for a type without a name here. */
  readonly dtype: string
  /** A string names a symbolic dimension, "?" one without a name; `null` where the file does not say. */
  readonly shape: readonly (number | string)[] | null
}

/** An operator that Lowbit does not have, with the names of its nodes. */
export interface UnsupportedOperator {
  readonly op: string
  readonly nodes: readonly string[]
}

/** What a model's file says of itself. */
export interface Inspection {
  /** The version of ONNX's operators; `null` where the file does not say. */
  readonly opset: number | null
  readonly inputs: readonly InspectedValue[]
  readonly outputs: readonly InspectedValue[]
  /** How often each operator occurs, by its ONNX name, with the domain before those that are not ONNX's. */
  readonly operators: Readonly<Record<string, number>>
  /** Elements of all initializers. */
  readonly parameters: number
  /** The names of the files in which initializers lie that are not in this one: `load` wants them (`LoadOptions.files`). */
  readonly files: readonly string[]
  /** Empty where Lowbit has all the operators; what it does not have of one of them is for `load` to say. */
  readonly unsupported: readonly UnsupportedOperator[]
}
