// Compares dotted version numbers.

/** Whether `version` (such as "3.25.1" or "20.19") is `minimum` or newer. */
export function atLeast(version, minimum) {
  const wanted = minimum.split('.').map(Number)
  const given = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  for (let i = 0; i < wanted.length; ++i) {
    const part = given[i] ?? 0
    if (part !== wanted[i]) return part > wanted[i]
  }
  return true
}
