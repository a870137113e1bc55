import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantiles, timeInterleaved, warmUp } from './timing.mjs'

/** A clock that only moves when a run moves it: runAs(ms, note) makes a function that takes that long. */
function stopClock(t) {
  let now_ms = 0
  t.mock.method(performance, 'now', () => now_ms)
  return (ms, note = () => {}) =>
    async () => {
      now_ms += ms
      note()
    }
}

test('quantiles are of the sorted times, by nearest rank', () => {
  const times_ms = Array.from({ length: 11 }, (_, i) => 10 - i)
  assert.deepEqual(quantiles(times_ms), { median_ms: 5, p10_ms: 1, p90_ms: 9 })
  assert.deepEqual(quantiles([7]), { median_ms: 7, p10_ms: 7, p90_ms: 7 })
})

test('a group is of a power of two of runs, and at least 2 ms long', async (t) => {
  const runAs = stopClock(t)
  assert.deepEqual(await warmUp(runAs(0.75), 0), { count: 4, group_ms: 3 })
  assert.deepEqual(await warmUp(runAs(50), 0), { count: 1, group_ms: 50 })
})

test('the warm-up lasts as long as it is told, and two runs at least', async (t) => {
  const runAs = stopClock(t)
  let runs = 0
  const count = () => {
    runs += 1
  }
  await warmUp(runAs(4, count), 40)
  assert.equal(runs, 10 + 1, 'and one that finds the group')
  runs = 0
  await warmUp(runAs(4, count), 0)
  assert.equal(runs, 2 + 1)
})

test('functions have their turns in every round, those over the budget in some, spread evenly', async (t) => {
  const runAs = stopClock(t)
  let order = ''
  const named = (name, ms) =>
    runAs(ms, () => {
      order += name
    })
  const effort = { rounds: 9, warmup_ms: 0, budget_ms: 60 }
  const times = await timeInterleaved([named('a', 4), named('b', 30)], effort)
  assert.deepEqual(times, [Array(9).fill(4), Array(3).fill(30)])
  // Each turn begins with a run that is not timed.
  assert.equal(order, 'aaabbb' + 'aabbaaaaaabbaaaaaabbaaaa', 'the warm-up, then the rounds')
})
