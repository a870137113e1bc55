// Makes examples/data: from each data set in the cache, 2,000 images of the test split and 512 of the training split,
// class-balanced and spread evenly over the split. The same data always makes the same slices.
//
//   node tools/data/slices.mjs [folder]

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { Failure, main, projectRoot, say } from '../lib/run.mjs'
import { CLASSES, cacheFolder, datasets, isCached, readSplit, slicePaths } from './datasets.mjs'
import { formatIdx } from './idx.mjs'

/** Test and calibration images are disjoint because they come from different splits. */
export const slices = Object.entries(datasets).flatMap(([dataset, { prefix }]) => [
  { name: `${prefix}-test`, dataset, split: 'test', count: 2000 },
  { name: `${prefix}-calibration`, dataset, split: 'train', count: 512 },
])

/** How many of `count` images belong to class `label`: the first classes take the remainder. */
export function countOfClass(count, label) {
  return Math.floor(count / CLASSES) + (label < count % CLASSES ? 1 : 0)
}

/**
 * `count` indices in ascending order, each class evenly spaced over its images. Not simply the first ones: the first
 * half of MNIST's test split is known to be easier than the second.
 */
function choose(labels, count) {
  const byClass = Array.from({ length: CLASSES }, () => [])
  for (const [index, label] of labels.entries()) byClass[label].push(index)
  const chosen = byClass.flatMap((indices, label) => {
    const wanted = countOfClass(count, label)
    if (indices.length < wanted)
      throw new Failure(`class ${label} has ${indices.length} images, ${wanted} are needed`)
    return Array.from(
      { length: wanted },
      (_, i) => indices[Math.floor((i * indices.length) / wanted)],
    )
  })
  return chosen.sort((a, b) => a - b)
}

/** The contents of a slice, as IDX: { images, labels }. */
export function makeSlice({ dataset, split, count }) {
  const { images, labels } = readSplit(dataset, split)
  const [, height, width] = images.dims
  const size = height * width
  const data = new Uint8Array(count * size)
  const chosen = choose(labels, count)
  for (const [i, index] of chosen.entries())
    data.set(images.data.subarray(index * size, (index + 1) * size), i * size)
  return {
    images: formatIdx({ dims: [count, height, width], data }),
    labels: formatIdx({ dims: [count], data: Uint8Array.from(chosen, (index) => labels[index]) }),
  }
}

function gzip(bytes) {
  const packed = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION })
  packed[9] = 255 // The operating system, "unknown" (RFC 1952): zlib writes the one it runs on. It writes no time.
  return packed
}

function holds(path, bytes) {
  try {
    return gunzipSync(readFileSync(path)).equals(bytes)
  } catch {
    return false // Absent, or not a gzip file.
  }
}

/** Writes the file unless it holds these bytes already: another zlib packs them differently, and that is no change. */
function writeGzip(path, bytes) {
  if (holds(path, bytes)) return
  writeFileSync(path, gzip(bytes))
  say(`wrote ${path}`)
}

if (process.argv[1] === import.meta.filename) {
  await main(() => {
    const folder = process.argv[2] ?? join(projectRoot, 'examples', 'data')
    mkdirSync(folder, { recursive: true })
    for (const slice of slices) {
      if (!isCached(slice.dataset))
        throw new Failure(
          `${slice.dataset} is not in ${cacheFolder(slice.dataset)}: run node tools/data/fetch.mjs first`,
        )
      const { images, labels } = makeSlice(slice)
      const paths = slicePaths(slice.name, folder)
      writeGzip(paths.images, images)
      writeGzip(paths.labels, labels)
    }
  })
}
