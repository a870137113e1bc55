import { createLowbit } from 'lowbit'
import modelUrl from '../models/digits-mlp.onnx?url'

/** In place of images: bright discs. */
function discs(radii) {
  const data = new Float32Array(radii.length * 28 * 28).map((_, i) => {
    const [x, y, sample] = [i % 28, Math.floor(i / 28) % 28, Math.floor(i / 784)]
    return Math.hypot(x - 13.5, y - 13.5) < radii[sample] ? 1 : 0
  })
  return { data, shape: [radii.length, 1, 28, 28] }
}

async function quantize() {
  const lowbit = await createLowbit()
  try {
    const fp32 = await lowbit.load(await (await fetch(modelUrl)).arrayBuffer())
    const calibration = discs([2, 5, 8])
    const int8 = await lowbit.quantize(fp32, {}, { calibration })
    const { a, b } = await lowbit.compare(fp32, int8, { inputs: calibration })
    return `${a.bytes} bytes became ${b.bytes}, with kernels of ${lowbit.backend.tier}.`
  } finally {
    lowbit.dispose()
  }
}

const output = document.querySelector('output')
quantize().then(
  (text) => {
    output.textContent = text
  },
  (error) => {
    output.textContent = `${error.message} (${error.where})`
  },
)
