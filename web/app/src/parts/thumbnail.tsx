import { useEffect, useRef } from 'preact/hooks'
import { imageSize } from '../data'

/** An image as ink on paper, whatever the theme. Without a label it is decoration. */
export function Thumbnail({ pixels, label }: { pixels: Float32Array | null; label?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const image = context.createImageData(imageSize, imageSize)
    pixels?.forEach((ink, index) => {
      image.data[4 * index + 3] = Math.round(ink * 255)
    })
    context.putImageData(image, 0, 0)
  }, [pixels])
  return (
    <canvas
      ref={canvas}
      class="ink"
      width={imageSize}
      height={imageSize}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' })}
    />
  )
}
