import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  CLASSES,
  cacheFolder,
  isCached,
  readSlice,
  readSplit,
  slicePaths,
} from '../../tools/data/datasets.mjs'
import { makeSlice, slices } from '../../tools/data/slices.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'

const unzipped = (path) => gunzipSync(readFileSync(path))

function withFolder(body) {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-slices-'))
  try {
    body(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function remake(folder) {
  const script = join(projectRoot, 'tools', 'data', 'slices.mjs')
  const result = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
  assert.equal(result.status, 0, result.stderr)
  return result.stdout
}

test('the project has one test and one calibration slice of each data set', () => {
  assert.deepEqual(
    slices.map(({ name, split, count }) => [name, split, count]),
    [
      ['mnist-test', 'test', 2000],
      ['mnist-calibration', 'train', 512],
      ['fashion-test', 'test', 2000],
      ['fashion-calibration', 'train', 512],
    ],
  )
})

for (const slice of slices) {
  describe(slice.name, () => {
    const { images, labels } = readSlice(slice.name)

    test(`holds ${slice.count} labelled images of 28 x 28`, () => {
      assert.deepEqual(images.dims, [slice.count, 28, 28])
      assert.equal(labels.length, slice.count)
    })

    test('is balanced over the classes as nearly as its size allows', () => {
      const counts = new Array(CLASSES).fill(0)
      for (const label of labels) counts[label] += 1
      assert.equal(Math.min(...counts), Math.floor(slice.count / CLASSES))
      assert.equal(Math.max(...counts), Math.ceil(slice.count / CLASSES))
    })

    test('is packed without a time or an operating system', () => {
      for (const path of Object.values(slicePaths(slice.name))) {
        const header = readFileSync(path).subarray(0, 10)
        assert.deepEqual([...header], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255], basename(path))
      }
    })

    const skip =
      !isCached(slice.dataset) &&
      `${slice.dataset} is not in ${cacheFolder(slice.dataset)}: node tools/data/fetch.mjs brings it`

    test('is what the data set in the cache gives', { skip }, () => {
      const made = makeSlice(slice)
      const paths = slicePaths(slice.name)
      assert.ok(unzipped(paths.images).equals(made.images))
      assert.ok(unzipped(paths.labels).equals(made.labels))
    })

    test('comes from all over its split, in the order of the split', { skip }, () => {
      const whole = readSplit(slice.dataset, slice.split).images
      const total = whole.dims[0]
      const key = (data, i) =>
        Buffer.from(data.buffer, data.byteOffset + i * 784, 784).toString('latin1')
      const places = new Map()
      for (let i = total - 1; i >= 0; i -= 1) places.set(key(whole.data, i), i)
      const at = Array.from({ length: slice.count }, (_, i) => places.get(key(images.data, i)))
      // A few images of the split occur twice in it; `places` knows the first of them only.
      const ascending = at.filter((place, i) => i === 0 || place > at[i - 1]).length
      assert.ok(ascending > 0.99 * slice.count, `${ascending} of ${slice.count} in order`)
      assert.ok(at.filter((place) => place >= total / 2).length > 0.45 * slice.count)
    })
  })
}

const allCached = slices.every(({ dataset }) => isCached(dataset))
const skip =
  !allCached && 'the data sets are not in the cache: node tools/data/fetch.mjs brings them'

test('making the slices again changes no byte, also after damage', { skip }, () => {
  withFolder((folder) => {
    assert.equal(remake(folder).match(/^wrote /gm).length, 2 * slices.length)
    const before = new Map(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]),
    )
    assert.equal(before.size, 2 * slices.length)

    assert.equal(remake(folder), '', 'nothing to write the second time')

    writeFileSync(join(folder, 'mnist-test.labels.idx1.gz'), 'damaged')
    remake(folder)
    for (const [name, bytes] of before)
      assert.ok(readFileSync(join(folder, name)).equals(bytes), name)
  })
})
