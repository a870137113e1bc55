import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantiles, timeInterleaved, warmUp } from './timing.mjs'

const wait = (ms) => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('quantiles are of the sorted times, by nearest rank', () => {
  const times_ms = Array.from({ length: 11 }, (_, i) => 10 - i)
  assert.deepEqual(quantiles(times_ms), { median_ms: 5, p10_ms: 1, p90_ms: 9 })
  assert.deepEqual(quantiles([7]), { median_ms: 7, p10_ms: 7, p90_ms: 7 })
})

test('a group is long against the steps of the clock', async () => {
  const { count, group_ms } = await warmUp(async () => wait(0.1), 5)
  assert.ok(count > 1 && group_ms >= 2, `${count} runs in ${group_ms} ms`)
})

test('functions have their turns in every round, those over the budget in some, spread evenly', async () => {
  const order = []
  const named = (name, ms) => async () => {
    wait(ms)
    order.push(name)
  }
  const effort = { rounds: 9, warmup_ms: 0, budget_ms: 60 }
  const times = await timeInterleaved([named('a', 4), named('b', 30)], effort)
  assert.deepEqual(
    times.map(({ length }) => length),
    [9, 3],
  )
  assert.ok(times[0].every((ms) => ms >= 4) && times[1].every((ms) => ms >= 30))
  // Before that: two runs of each to warm up, and one that is timed to know how many make a group.
  assert.equal(order.slice(6).join(''), 'abaaabaaabaa')
})
