// The paper to draw on, with mouse, pen or finger.

import { useEffect, useRef } from 'preact/hooks'
import { toMnist } from '../digit'

const paperSize = 280
const penWidth = 22

interface Props {
  /** Called for each stroke's pieces; `null` for blank paper. */
  readonly onDraw: (pixels: Float32Array | null) => void
  /** Changing it clears the paper. */
  readonly clearedCount: number
}

function inkOf(context: CanvasRenderingContext2D): Float32Array {
  const { data } = context.getImageData(0, 0, paperSize, paperSize)
  return Float32Array.from(
    { length: paperSize * paperSize },
    (_, i) => (data[4 * i + 3] ?? 0) / 255,
  )
}

function pointOf(canvas: HTMLCanvasElement, event: PointerEvent): [number, number] {
  const { left, top, width, height } = canvas.getBoundingClientRect()
  return [
    ((event.clientX - left) / width) * paperSize,
    ((event.clientY - top) / height) * paperSize,
  ]
}

export function Drawing({ onDraw, clearedCount }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const last = useRef<[number, number] | null>(null)
  const frame = useRef(0)

  useEffect(() => {
    const context = canvas.current?.getContext('2d', { willReadFrequently: true })
    if (!context) return
    context.clearRect(0, 0, paperSize, paperSize)
    context.lineWidth = penWidth
    context.lineCap = 'round'
    return () => cancelAnimationFrame(frame.current)
  }, [clearedCount])

  const drawTo = (event: PointerEvent) => {
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context || !last.current) return
    // All points since the last frame: a fast stroke keeps its curve.
    const events = event.getCoalescedEvents?.() ?? []
    for (const piece of events.length ? events : [event]) {
      const point = pointOf(canvas.current, piece)
      context.beginPath()
      context.moveTo(...last.current)
      context.lineTo(...point)
      context.stroke()
      last.current = point
    }
    cancelAnimationFrame(frame.current)
    frame.current = requestAnimationFrame(() => onDraw(toMnist(inkOf(context), paperSize)))
  }
  const end = () => {
    last.current = null
  }

  return (
    <canvas
      ref={canvas}
      class="ink paper"
      width={paperSize}
      height={paperSize}
      role="img"
      aria-label="Paper to draw a digit on with mouse, pen or finger. With the keyboard, choose a test image instead."
      onPointerDown={(event) => {
        event.preventDefault()
        event.currentTarget.setPointerCapture(event.pointerId)
        last.current = pointOf(event.currentTarget, event)
        drawTo(event)
      }}
      onPointerMove={drawTo}
      onPointerUp={end}
      onPointerCancel={end}
    />
  )
}
