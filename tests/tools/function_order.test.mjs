import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orderFunctions } from '../../tools/function_order.mjs'

/** A function that computes with one constant after another. */
const written = (name, constants) => {
  const lines = constants.map((value) => `  (i32.const ${value})\n`)
  return ` (func $${name} (result i32)\n  (local $0 i32)\n${lines.join('')} )\n`
}
const range = (start, end) => Array.from({ length: end - start }, (_, i) => start + i)
const start = '(module\n (type $0 (func))\n (import "a" "b" (func $fimport$0))\n'
const module = (...functions) => `${start}${functions.join('')})\n`

test('what is alike stands together, and all the rest stays where it is', () => {
  const a = written('a', range(0, 40))
  const b = written('b', range(100, 140))
  const likeB = written('likeB', [...range(100, 120), ...range(500, 520)])
  const likeA = written('likeA', [...range(300, 310), ...range(10, 40)])
  assert.equal(orderFunctions(module(a, b, likeB, likeA)), module(a, likeA, b, likeB))
})

test('the nearer of two is the one of which a larger share was seen', () => {
  const a = written('a', range(0, 40))
  const longer = written('longer', range(0, 400))
  const shorter = written('shorter', range(0, 30))
  assert.equal(orderFunctions(module(a, longer, shorter)), module(a, shorter, longer))
})

test('what was seen long ago does not count', () => {
  const first = written('first', range(0, 1100))
  const other = written('other', range(30_000, 30_040))
  const long = written('long', [...range(50, 1100), ...range(2000, 10_000)])
  const likeFirst = written('likeFirst', [...range(0, 10), ...range(20_000, 20_090)])
  const order = orderFunctions(module(first, other, long, likeFirst))
  assert.equal(order, module(first, long, other, likeFirst))
})

test('modules with one function or none stay as they are', () => {
  for (const whole of [module(), module(written('a', [1]))]) {
    assert.equal(orderFunctions(whole), whole)
  }
})
