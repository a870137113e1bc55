// The benchmark's figures as text: lines for a terminal, and the README's table.

function percent(fraction) {
  if (fraction === null) return '–'
  return `${(100 * fraction).toFixed(fraction < 0.1 ? 1 : 0)} %`
}

/** Three significant digits, in the unit that suits them. */
function duration(ms) {
  const [value, unit] = ms < 1 ? [1000 * ms, 'µs'] : [ms, 'ms']
  return `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ${unit}`
}

const precisionNames = { float32: 'FP32', int8: 'INT8', bytes: 'INT8 of bytes' }
const variantOf = ({ runtime, tier, precision }) =>
  `${runtime === 'lowbit' ? `Lowbit ${tier}` : runtime} ${precisionNames[precision]}`

export function describeMachine({ machine, peaks }) {
  const { engine, cpu, logical_cores, platform, tiles } = machine
  const known = Object.entries(peaks).map(
    ([name, gops]) => `${name.replace('_gops', '')} ${gops === null ? 'none' : gops.toFixed(1)}`,
  )
  return {
    machine: `${engine}, ${cpu}, ${logical_cores} logical cores, ${platform}`,
    tiles:
      Object.entries(tiles)
        .map(([precision, rows]) => `${precision} ${rows} x 8`)
        .join(', ') || 'no choice',
    peaks: `${known.join(', ')} Gop/s`,
  }
}

/** The results of one case, a line each. */
export function describeCase(results) {
  const lines = results.map((result) => {
    const { median_ms, p10_ms, p90_ms, gops, peak_fraction } = result
    const { in_place_ms, in_place_peak_fraction } = result
    const cells = [
      `  ${variantOf(result).padEnd(38)}`,
      duration(median_ms).padStart(9),
      `(${duration(p10_ms)} to ${duration(p90_ms)})`.padStart(22),
      `${gops.toFixed(2).padStart(8)} Gop/s`,
      `${percent(peak_fraction).padStart(6)} of peak`,
    ]
    if (in_place_ms !== undefined) {
      cells.push(`  in place ${duration(in_place_ms)} (${percent(in_place_peak_fraction)} of peak)`)
    }
    return cells.join(' ')
  })
  return [results[0].case, ...lines].join('\n')
}

const row = (cells) => `| ${cells.join(' | ')} |`

/** What the bench block of the README holds, from the JSON of a run. The reference tier is left out. */
export function readmeTable(report) {
  const shown = report.results.filter(({ tier }) => tier !== 'reference')
  const variants = [...new Set(shown.map(variantOf))]
  const names = [...new Set(shown.map((result) => result.case))]
  const rows = names.map((name) => {
    const cells = variants.map((variant) => {
      const result = shown.find((each) => each.case === name && variantOf(each) === variant)
      return result ? `${duration(result.median_ms)} (${percent(result.peak_fraction)})` : ''
    })
    return row([name, ...cells])
  })
  const { machine, peaks } = describeMachine(report)
  return [
    `${machine}. In brackets: the share of the machine's peak (${peaks}).`,
    '',
    row(['case', ...variants]),
    row(['---', ...variants.map(() => '---:')]),
    ...rows,
  ].join('\n')
}
