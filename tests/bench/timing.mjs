// Time, as the benchmark takes it: the mean of a group of runs that is long against the clock's steps (5 µs in an isolated
// page), many groups, and their quantiles.

/** How long the shortest group is. */
const GROUP_MS = 2

async function timeGroup(run, count) {
  const start = performance.now()
  for (let i = 0; i < count; i += 1) await run()
  return performance.now() - start
}

/**
 * Runs for `warmup_ms` and at least twice, so that the engine's optimizing compiler, which works beside it, is done; then
 * returns how many runs make a group, and how long it takes.
 */
export async function warmUp(run, warmup_ms) {
  const end = performance.now() + warmup_ms
  await run()
  do await run()
  while (performance.now() < end)
  for (let count = 1; ; count *= 2) {
    const group_ms = await timeGroup(run, count)
    if (group_ms >= GROUP_MS) return { count, group_ms }
  }
}

// Lets the page collect garbage and answer, outside of what is timed.
const pause = () => new Promise((resolve) => setTimeout(resolve))

/**
 * The milliseconds of single runs, one list for each function: in every round each function has its turn: a run that is
 * not timed, and one group, so that whatever else the machine does falls upon all of them. One for which `rounds` groups take more than `budget_ms`
 * has fewer, at least three, spread evenly.
 */
export async function timeInterleaved(functions, { rounds, warmup_ms, budget_ms }) {
  const turns = []
  for (const run of functions) {
    const { count, group_ms } = await warmUp(run, warmup_ms)
    const wanted = Math.min(rounds, Math.max(3, Math.floor(budget_ms / group_ms)))
    turns.push({ run, count, wanted, times_ms: [] })
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { run, count, wanted, times_ms } of turns) {
      const due = Math.ceil(((round + 1) * wanted) / rounds)
      if (times_ms.length >= due) continue
      // Another function's turn left the caches full of its own data.
      await run()
      times_ms.push((await timeGroup(run, count)) / count)
    }
    await pause()
  }
  return turns.map(({ times_ms }) => times_ms)
}

/** The median and the outer tenths, by nearest rank. */
export function quantiles(times_ms) {
  const sorted = times_ms.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))]
  return { median_ms: at(0.5), p10_ms: at(0.1), p90_ms: at(0.9) }
}
