import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atLeast } from '../../tools/setup/version.mjs'

test('versions compare by number, not by letter', () => {
  assert.equal(atLeast('3.1.69', '3.1.69'), true)
  assert.equal(atLeast('3.1.9', '3.1.69'), false)
  assert.equal(atLeast('4.0.0', '3.1.69'), true)
  assert.equal(atLeast('20.19', '20.19.0'), true)
  assert.equal(atLeast('20.18.9', '20.19'), false)
  assert.equal(atLeast('3.1.70-git', '3.1.69'), true)
})
