// How two runs of one classifier are compared. Logits are Float32Array [rows * classes], rows after one another.

import assert from 'node:assert/strict'

/**
 * How far apart FP32 logits of two engines may be, relative to the row: with |row| the largest absolute logit of either
 * engine in it, every |ours - theirs| <= tolerance * |row|. Relative to the row and not to each logit, because a logit
 * near zero is the difference of large terms and carries their rounding error.
 */
export const LOGIT_TOLERANCE = 1e-3

/** What integer results must reach: the share that is equal, and the largest difference. */
export const INTEGER_AGREEMENT = 0.999
export const INTEGER_DISTANCE = 1

function sameLength(ours, theirs) {
  assert.equal(ours.length, theirs.length, 'both engines give equally many numbers')
}

/** The index of each row's largest logit; the first one where several are equal. */
export function predictions(logits, classes) {
  assert.equal(logits.length % classes, 0, `${logits.length} logits are not rows of ${classes}`)
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const values = logits.subarray(row * classes, (row + 1) * classes)
    return values.indexOf(values.reduce((a, b) => Math.max(a, b)))
  })
}

/** The share of rows whose largest logit is the label's. */
export function accuracy(logits, labels, classes) {
  const predicted = predictions(logits, classes)
  assert.equal(predicted.length, labels.length, 'one label per row')
  return predicted.filter((prediction, row) => prediction === labels[row]).length / labels.length
}

/**
 * Compares float logits: the largest difference relative to its row, and the rows where the two predict different
 * classes although they are further apart than the tolerance explains, that is where either engine separates its own
 * choice from the other's by more than the tolerance.
 */
export function compareLogits(ours, theirs, classes, tolerance = LOGIT_TOLERANCE) {
  sameLength(ours, theirs)
  const ourChoice = predictions(ours, classes)
  const theirChoice = predictions(theirs, classes)
  let worst = 0
  const differentPredictions = []
  for (let row = 0; row < ourChoice.length; row += 1) {
    const first = row * classes
    let largest = 0
    let difference = 0
    for (let i = first; i < first + classes; i += 1) {
      assert.ok(
        Number.isFinite(ours[i]) && Number.isFinite(theirs[i]),
        `row ${row}: logits ${ours[i]} and ${theirs[i]}`,
      )
      largest = Math.max(largest, Math.abs(ours[i]), Math.abs(theirs[i]))
      difference = Math.max(difference, Math.abs(ours[i] - theirs[i]))
    }
    if (difference > 0) worst = Math.max(worst, difference / largest)
    const [a, b] = [first + ourChoice[row], first + theirChoice[row]]
    if (a !== b && Math.max(ours[a] - ours[b], theirs[b] - theirs[a]) > tolerance * largest)
      differentPredictions.push(row)
  }
  return { rows: ourChoice.length, worst, differentPredictions }
}

/**
 * The integers q behind logits that a DequantizeLinear made, logit = scale * (q - zeroPoint). Fails where a logit is no
 * such number: then it was not that node that made it.
 */
export function toIntegers(logits, { scale, zeroPoint, min, max }) {
  return Int32Array.from(logits, (logit, i) => {
    const steps = logit / scale
    const integer = Math.round(steps)
    assert.ok(
      Math.abs(steps - integer) < 1e-3,
      `logit ${i} = ${logit} is no multiple of the scale ${scale}`,
    )
    const q = integer + zeroPoint
    assert.ok(q >= min && q <= max, `logit ${i} = ${logit} is ${q}, outside ${min}..${max}`)
    return q
  })
}

export function compareIntegers(ours, theirs) {
  sameLength(ours, theirs)
  let equal = 0
  let worst = 0
  for (let i = 0; i < ours.length; i += 1) {
    const distance = Math.abs(ours[i] - theirs[i])
    if (distance === 0) equal += 1
    worst = Math.max(worst, distance)
  }
  return { count: ours.length, equal, worst }
}

/** Asserts LOGIT_TOLERANCE, and equal predictions but for ties within it; returns a line for the test's output. */
export function assertLogitsAgree(ours, theirs, classes) {
  const { rows, worst, differentPredictions } = compareLogits(ours, theirs, classes)
  assert.ok(
    worst <= LOGIT_TOLERANCE,
    `logits differ by ${worst} of their row, allowed is ${LOGIT_TOLERANCE}`,
  )
  assert.deepEqual(differentPredictions, [], 'rows with different predictions')
  return `${rows} rows, largest relative difference ${worst.toExponential(1)}`
}

/** Asserts the share that is equal, and the largest difference; returns a line for the test's output. */
export function assertIntegersAgree(
  ours,
  theirs,
  { agreement = INTEGER_AGREEMENT, distance = INTEGER_DISTANCE } = {},
) {
  const { count, equal, worst } = compareIntegers(ours, theirs)
  const line = `${equal} of ${count} integers equal (${((100 * equal) / count).toFixed(4)} %), largest distance ${worst}`
  assert.ok(count > 0 && equal >= agreement * count && worst <= distance, line)
  return line
}
