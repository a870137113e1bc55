// The C header of a quantized model: a C99 compiler takes it without a warning, and a program that includes it sees the
// weights and multipliers of the ONNX file.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { readSlice, toInput } from '../../tools/data/datasets.mjs'
import { findProgram, projectRoot } from '../../tools/lib/run.mjs'
import { readModel } from './onnx.mjs'

const lowbit = await createLowbit()
const folder = mkdtempSync(join(tmpdir(), 'lowbit-c-'))
after(() => {
  lowbit.dispose()
  rmSync(folder, { recursive: true })
})

const compilers = ['clang-19', 'gcc', 'cc'].filter((name) => findProgram(name))

async function headerOf(name, recipe) {
  const fp32 = await lowbit.load(readFileSync(join(projectRoot, 'examples', 'models', name)))
  const calibration = toInput(readSlice('mnist-calibration').images)
  const model = await lowbit.quantize(fp32, recipe, { calibration })
  return { header: await model.save('c'), onnx: readModel(await model.save('onnx')) }
}

const main = `#include "model.h"
#include <stdio.h>
int main(void) {
  for (int i = 0; i < (int)sizeof lowbit_conv1_weights; ++i) printf("%d ", lowbit_conv1_weights[i]);
  printf("\\n");
  for (int i = 0; i < 8; ++i) printf("%.9g ", (double)lowbit_conv1_multipliers[i]);
  printf("\\n%.9g %.9g %.9g", (double)LOWBIT_CONV1_INPUT_SCALE, (double)lowbit_conv1_weight_scales[1],
         (double)LOWBIT_CONV1_OUTPUT_SCALE);
  return LOWBIT_CONV1_INPUT_ZERO_POINT;
}
`

test('there is a compiler of C', () => assert.ok(compilers.length > 0))

for (const compiler of compilers) {
  test(`${compiler} compiles it, and the program sees the integers`, async () => {
    const { header, onnx } = await headerOf('digits-lenet.onnx', {})
    writeFileSync(join(folder, 'model.h'), header)
    writeFileSync(join(folder, 'main.c'), main)
    const flags = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic']
    const program = join(folder, 'main')
    execFileSync(compiler, [...flags, join(folder, 'main.c'), '-o', program])
    const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n')
    const [weights, multipliers, scales] = lines.map((line) => line.trim().split(' ').map(Number))
    const conv = Object.values(onnx.constants).find(({ dims }) => dims.length === 4)
    assert.deepEqual(weights, [...conv.data])
    const [input, weight, output] = scales.map(Math.fround)
    assert.equal(Math.fround(multipliers[1]), Math.fround(Math.fround(input * weight) / output))
  })
}

test('weights in groups compile, too', async () => {
  const { header } = await headerOf('digits-mlp.onnx', {
    weights: { bits: 4, granularity: 'group:32' },
  })
  writeFileSync(join(folder, 'groups.c'), header)
  execFileSync(compilers[0], ['-std=c99', '-fsyntax-only', join(folder, 'groups.c')])
})

test('a model of reals has none', async () => {
  const fp32 = await lowbit.load(
    readFileSync(join(projectRoot, 'examples', 'models', 'digits-mlp.onnx')),
  )
  await assert.rejects(fp32.save('c'), { code: 'INVALID_ARGUMENT', where: 'model' })
})
