// Fetches the data sets and models that come with the page.

import { LowbitError, type Tensor } from 'lowbit'
import { type DatasetName, datasets } from './zoo'

export const imageSize = 28
export const pixelCount = imageSize * imageSize

export interface Dataset {
  readonly name: DatasetName
  readonly classNames: readonly string[]
  readonly images: Tensor
  readonly labels: Uint8Array
  readonly calibration: Tensor
}

export async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const failed = (reason: string, cause?: unknown) =>
    new LowbitError('LOAD_FAILED', `the file could not be fetched: ${reason}`, url, { cause })
  try {
    const response = await fetch(url)
    if (!response.ok) throw failed(`the server answered ${response.status}`)
    return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    if (cause instanceof LowbitError) throw cause
    throw failed('the server does not answer', cause)
  }
}

// Some servers declare .gz files as compressed content, and the browser then hands them over unpacked.
async function gunzip(bytes: Uint8Array<ArrayBuffer>, where: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  } catch (cause) {
    throw new LowbitError('INVALID_DATA', 'the data file is damaged', where, { cause })
  }
}

/** The elements of an IDX file of unsigned bytes: two zeros, a type, a rank, big-endian extents, then the data. */
export function readIdx(bytes: Uint8Array, where: string): { extents: number[]; data: Uint8Array } {
  const invalid = () => new LowbitError('INVALID_DATA', 'the file is not IDX of bytes', where)
  const rank = bytes[3] ?? 0
  const start = 4 + 4 * rank
  if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8 || bytes.length < start) throw invalid()
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const extents = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const data = bytes.subarray(start)
  if (data.length !== extents.reduce((product, extent) => product * extent, 1)) throw invalid()
  return { extents, data }
}

async function fetchIdx(url: string): Promise<Uint8Array> {
  return readIdx(await gunzip(await fetchBytes(url), url), url).data
}

async function fetchImages(url: string): Promise<Tensor> {
  const data = Float32Array.from(await fetchIdx(url), (pixel) => pixel / 255)
  return { data, shape: [data.length / pixelCount, 1, imageSize, imageSize] }
}

async function fetchDataset(name: DatasetName): Promise<Dataset> {
  const entry = datasets[name]
  const [images, labels, calibration] = await Promise.all([
    fetchImages(entry.testImages),
    fetchIdx(entry.testLabels),
    fetchImages(entry.calibrationImages),
  ])
  return { name, classNames: entry.classNames, images, labels, calibration }
}

const fetched = new Map<DatasetName, Promise<Dataset>>()

/** Fetched once; a failure is forgotten, so that the next call tries again. Errors: LOAD_FAILED, INVALID_DATA. */
export function loadDataset(name: DatasetName): Promise<Dataset> {
  const known = fetched.get(name)
  if (known) return known
  const dataset = fetchDataset(name)
  fetched.set(name, dataset)
  dataset.catch(() => fetched.delete(name))
  return dataset
}

/** The first `count` samples. */
export function firstSamples({ data, shape }: Tensor, count: number): Tensor {
  return { data: data.subarray(0, count * pixelCount), shape: [count, ...shape.slice(1)] }
}

export function imageAt({ images }: Dataset, index: number): Float32Array {
  return images.data.subarray(index * pixelCount, (index + 1) * pixelCount)
}
