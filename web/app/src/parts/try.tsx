// An image of the visitor's own for both models: drawn for digits, picked from the test set otherwise.

import { useSignal } from '@preact/signals'
import { imageAt } from '../data'
import type { Result } from '../job'
import { argmax } from '../numbers'
import { ClassBars } from './class_bars'
import { Drawing } from './drawing'
import { Failure } from './failure'
import { useOutputs } from './live_outputs'
import { Thumbnail } from './thumbnail'

function randomImage({ dataset }: Result, label: number): Float32Array {
  const indices = Array.from(dataset.labels.keys()).filter((i) => dataset.labels[i] === label)
  return imageAt(dataset, indices[Math.floor(Math.random() * indices.length)] ?? 0)
}

export function Try({ result }: { result: Result }) {
  const { dataset } = result
  const canDraw = dataset.name === 'mnist'
  const pixels = useSignal<Float32Array | null>(canDraw ? null : imageAt(dataset, 0))
  const clearedCount = useSignal(0)
  const { outputs, error } = useOutputs(result, pixels)
  const answer = (logits: Float32Array) => dataset.classNames[argmax(logits)] ?? ''
  return (
    <section class="panel" aria-labelledby="try-title">
      <h2 id="try-title">{canDraw ? 'Draw a digit' : 'Show both models an image'}</h2>
      <p class="section-lede">
        {canDraw
          ? 'Both models read along while you draw. Your drawing is scaled and centred as the training images were: what they see is the small picture.'
          : 'These models know photographs of clothes, which are hard to draw, so pick test images here. The digit models let you draw.'}
      </p>
      <div class="try">
        <div class="try-input">
          {canDraw && (
            <Drawing
              clearedCount={clearedCount.value}
              onDraw={(drawn) => {
                pixels.value = drawn
              }}
            />
          )}
          <div class="try-seen">
            <Thumbnail pixels={pixels.value} label="What both models see: 28 by 28 pixels" />
            <span class="muted">what they see</span>
          </div>
          {canDraw && (
            <button
              type="button"
              class="secondary"
              onClick={() => {
                ++clearedCount.value
                pixels.value = null
              }}
            >
              Clear
            </button>
          )}
          <fieldset class="try-samples">
            <legend>{canDraw ? 'Or use a test image of a' : 'A test image of'}</legend>
            {dataset.classNames.map((name, label) => (
              <button
                key={name}
                type="button"
                class="chip"
                onClick={() => {
                  ++clearedCount.value
                  pixels.value = randomImage(result, label)
                }}
              >
                {name}
              </button>
            ))}
          </fieldset>
        </div>
        <div>
          <p class="try-answer" role="status">
            {outputs ? (
              <>
                FP32 says <b>{answer(outputs.fp32)}</b>, INT8 says{' '}
                <b class="int8">{answer(outputs.int8)}</b>.
              </>
            ) : (
              'The paper is blank.'
            )}
          </p>
          {error && <Failure error={error} />}
          <ClassBars
            outputs={outputs}
            classNames={dataset.classNames}
            unit="probability"
            caption="Probability of each class: the softmax of the logits."
          />
        </div>
      </div>
    </section>
  )
}
