// Whether two runtimes computed the same, looked at before either is timed.

/** How far FP32 outputs may be apart, relative to the largest of them. */
const FLOAT_TOLERANCE = 1e-3

/** Beside a whole step, what the float32 arithmetic of the last dequantization may add. */
const STEP_TOLERANCE = 1.001

/**
 * How far a runtime's outputs may be from the `expected` ones. `step` is the distance of two neighbouring integers, behind
 * integer outputs; without it they are FP32. Our own tiers give the same integers (the law of arithmetic, 6).
 */
export function allowedDistance(runtime, expected, step) {
  if (step) return runtime === 'lowbit' ? 0 : STEP_TOLERANCE * step
  return FLOAT_TOLERANCE * expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}

/** Throws where an output is further than `allowed` from the expected one, and where equality would say nothing. */
export function assertAgreement(who, outputs, expected, allowed) {
  if (outputs.length !== expected.length)
    throw new Error(`${who} gives ${outputs.length} numbers, expected are ${expected.length}`)
  if (new Set(expected).size < 2) throw new Error(`${who}: all expected outputs are equal`)
  // Written so that NaN fails.
  for (const [i, value] of expected.entries())
    if (!(Math.abs(outputs[i] - value) <= allowed))
      throw new Error(`${who}: output ${i} is ${outputs[i]}, expected ${value} within ${allowed}`)
}
