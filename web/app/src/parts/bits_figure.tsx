// One weight as a float32 and as an int8, bit by bit: real = scale * q, q = round(real / scale).

import { useSignal } from '@preact/signals'
import { signed } from '../numbers'

const qMax = 127
const scale = Math.fround(1 / qMax)

function floatBits(value: number): string {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, value)
  return view.getUint32(0).toString(2).padStart(32, '0')
}

const integerBits = (value: number) => (value & 0xff).toString(2).padStart(8, '0')

/** The integer nearest to `value`; of two equally near, the even one. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}

function Bits({ bits, groups }: { bits: string; groups: readonly number[] }) {
  let start = 0
  return (
    <span class="bits" aria-hidden="true">
      {groups.map((length) => {
        const group = bits.slice(start, start + length)
        start += length
        return (
          <span class="bit-group" key={start}>
            {[...group].map((bit, index) => (
              <i key={index} class={bit === '1' ? 'bit set' : 'bit'} />
            ))}
          </span>
        )
      })}
    </span>
  )
}

export function BitsFigure() {
  const thousandths = useSignal(318)
  const real = Math.fround(thousandths.value / 1000)
  const q = roundHalfToEven(real / scale)
  const back = q * scale
  return (
    <figure class="bits-figure" aria-labelledby="bits-caption">
      <div class="bits-row">
        <span class="bits-name">32-bit float</span>
        <output class="bits-value">{signed(real, 6)}</output>
        <Bits bits={floatBits(real)} groups={[1, 8, 23]} />
      </div>
      <div class="bits-row int8">
        <span class="bits-name">8-bit integer</span>
        <output class="bits-value">
          {q < 0 ? signed(q, 0) : q} × {scale.toFixed(6)}
        </output>
        <Bits bits={integerBits(q)} groups={[8]} />
      </div>
      <label class="bits-slider">
        <span>Move the weight</span>
        <input
          type="range"
          min="-1000"
          max="1000"
          value={thousandths}
          aria-valuetext={signed(real, 3)}
          onInput={({ currentTarget }) => {
            thousandths.value = Number(currentTarget.value)
          }}
        />
      </label>
      <figcaption id="bits-caption">
        Eight bits can only say a whole number times a scale that many weights share: here{' '}
        <b>{signed(back, 6)}</b>, an error of <b>{signed(back - real, 6)}</b>.
      </figcaption>
    </figure>
  )
}
