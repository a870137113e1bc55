// The one list of data sets: where each comes from, what its files must hold, and how to read them, whole from the
// user's cache folder (fetch.mjs puts them there) or as the slices in examples/data (slices.mjs makes those).

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { projectRoot } from '../lib/run.mjs'
import { parseIdx } from './idx.mjs'

export const CLASSES = 10

/** `prefix` names the slices; `source` is the file's name in the package; `sha256` is that of the plain IDX file. */
export const datasets = {
  mnist: {
    prefix: 'mnist',
    files: [
      {
        name: 'train-images.idx3',
        source: 'train-images-idx3-ubyte',
        dims: [60000, 28, 28],
        sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      },
      {
        name: 'train-labels.idx1',
        source: 'train-labels-idx1-ubyte',
        dims: [60000],
        sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      },
      {
        name: 'test-images.idx3',
        source: 't10k-images-idx3-ubyte',
        dims: [10000, 28, 28],
        sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      },
      {
        name: 'test-labels.idx1',
        source: 't10k-labels-idx1-ubyte',
        dims: [10000],
        sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
      },
    ],
  },
  'fashion-mnist': {
    prefix: 'fashion',
    files: [
      {
        name: 'train-images.idx3',
        source: 'train-images-idx3-ubyte',
        dims: [60000, 28, 28],
        sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      },
      {
        name: 'train-labels.idx1',
        source: 'train-labels-idx1-ubyte',
        dims: [60000],
        sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      },
      {
        name: 'test-images.idx3',
        source: 't10k-images-idx3-ubyte',
        dims: [10000, 28, 28],
        sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      },
      {
        name: 'test-labels.idx1',
        source: 't10k-labels-idx1-ubyte',
        dims: [10000],
        sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      },
    ],
  },
}

/** The folder of a data set's four plain IDX files. */
export function cacheFolder(dataset) {
  // The XDG specification says to ignore a relative path.
  const xdg = process.env.XDG_CACHE_HOME
  const cache = xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache')
  return join(cache, 'lowbit', 'data', dataset)
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What is wrong with the bytes of one of the data set's files, or undefined. */
export function faultOf(file, bytes) {
  const digest = sha256(bytes)
  if (digest !== file.sha256) return `SHA-256 is ${digest}, not ${file.sha256}`
  const { dims } = parseIdx(bytes)
  return dims.join() === file.dims.join()
    ? undefined
    : `holds ${dims.join(' x ')}, not ${file.dims.join(' x ')}`
}

export function isCached(dataset) {
  return datasets[dataset].files.every(({ name }) => existsSync(join(cacheFolder(dataset), name)))
}

function labelled(images, labels) {
  if (images.dims.length !== 3 || labels.dims.length !== 1 || images.dims[0] !== labels.dims[0]) {
    throw new Error(
      `${images.dims.join(' x ')} images do not match ${labels.dims.join(' x ')} labels`,
    )
  }
  return { images, labels: labels.data }
}

/** One split, 'train' or 'test', of a data set in the cache: { images: { dims, data }, labels }. */
export function readSplit(dataset, split) {
  const read = (name) => parseIdx(readFileSync(join(cacheFolder(dataset), name)))
  return labelled(read(`${split}-images.idx3`), read(`${split}-labels.idx1`))
}

/** The two files of a slice such as 'mnist-test'. */
export function slicePaths(slice, folder = join(projectRoot, 'examples', 'data')) {
  return {
    images: join(folder, `${slice}.images.idx3.gz`),
    labels: join(folder, `${slice}.labels.idx1.gz`),
  }
}

/** A slice such as 'mnist-test' from examples/data: { images: { dims, data }, labels }. */
export function readSlice(slice, folder) {
  const paths = slicePaths(slice, folder)
  const read = (path) => parseIdx(gunzipSync(readFileSync(path)))
  return labelled(read(paths.images), read(paths.labels))
}

/** The network's input for images of [N, H, W] bytes: { shape: [N, 1, H, W], data }, x = pixel / 255. */
export function toInput({ dims: [count, height, width], data }) {
  return { shape: [count, 1, height, width], data: Float32Array.from(data, (pixel) => pixel / 255) }
}
