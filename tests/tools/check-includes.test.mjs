import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayInclude, mermaidOf, problemsOf } from '../../tools/check-includes.mjs'

const problemsIn = (files) => problemsOf(new Map(Object.entries(files)))

test('a higher room may include a lower one, and its own files', () => {
  const files = {
    'src/base/error.h': '#pragma once\n',
    'src/engine/run.h': '#include "base/error.h"\n',
    'src/engine/run.cpp': '#include <vector>\n#include "engine/run.h"\n',
  }
  assert.deepEqual(problemsIn(files), [])
})

for (const [from, to] of [
  ['base', 'tensor'],
  ['kernels', 'graph'],
  ['compare', 'quantize'],
  ['train', 'formats'],
  ['formats', 'quantize'],
  ['engine', 'api'],
]) {
  test(`${from} may not include ${to}`, () => {
    const files = { [`src/${to}/x.h`]: '', [`src/${from}/y.cpp`]: `  #  include "${to}/x.h"\n` }
    assert.deepEqual(problemsIn(files), [`src/${from}/y.cpp: ${from} may not include ${to}/x.h`])
  })
}

test('the rooms form no circle', () => {
  const reaches = (from, to) =>
    mayInclude[from].some((next) => next === to || (next !== from && reaches(next, to)))
  for (const room of Object.keys(mayInclude)) assert.equal(reaches(room, room), false, room)
})

test('platform headers stay in their one place', () => {
  const files = {
    'src/kernels/simd.h': '#include <wasm_simd128.h>\n#include <simde/wasm/simd128.h>\n',
    'src/bindings/run.cpp': '#include <emscripten/bind.h>\n',
    'src/api/api.cpp': '#include <emscripten.h>\n',
    'src/kernels/add/simd128.cpp': '#include <wasm_simd128.h>\n',
  }
  assert.deepEqual(problemsIn(files), [
    'src/api/api.cpp: <emscripten.h> belongs in src/bindings/ only',
    'src/kernels/add/simd128.cpp: <wasm_simd128.h> belongs in src/kernels/simd.h only',
  ])
})

test('an include path starts at src/, and a file lives in a known room', () => {
  const files = { 'src/base/a.h': '#include "b.h"\n', 'src/base/b.h': '', 'src/util/c.h': '' }
  assert.deepEqual(problemsIn(files), [
    'src/base/a.h: "b.h" is not a file below src/',
    'src/util/c.h: src/util is not a room of the house',
  ])
})

test('500 lines pass and 501 do not', () => {
  const files = { 'web/a.ts': 'x\n'.repeat(500), 'web/b.ts': 'x\n'.repeat(501) }
  assert.deepEqual(problemsIn(files), ['web/b.ts: 501 lines, more than 500'])
})

test('unfinished marks are named with their line', () => {
  const mark = ['TO', 'DO'].join('')
  assert.deepEqual(problemsIn({ 'web/a.ts': `x\n// ${mark}: y\n` }), [
    `web/a.ts:2: unfinished: // ${mark}: y`,
  ])
})

test('the drawn graph leaves out arrows that a longer path implies', () => {
  const files = new Map([
    ['src/qmath/a.h', '#include "tensor/t.h"\n#include "base/b.h"\n'],
    ['src/tensor/t.h', '#include "base/b.h"\n'],
    ['src/base/b.h', ''],
  ])
  assert.equal(mermaidOf(files), 'graph TD\n  tensor --> base\n  qmath --> tensor')
})
