// The zoo's models and a file of the visitor's own, as one group of radio buttons.

import { useRef } from 'preact/hooks'
import { change, experiment, ownDataset, ownFile } from '../state'
import { type DatasetName, datasets, zoo } from '../zoo'

// Neurons, feature maps, shortcuts, thin layers.
const glyphs: Readonly<Record<string, string>> = {
  'digits-mlp':
    'M5 8 24 13M5 8 24 27M5 20 24 13M5 20 24 27M5 32 24 13M5 32 24 27M24 13 43 20M24 27 43 20',
  'digits-lenet':
    'M2 13h18v18H2zM7 13V8h18v18h-5M30 17h9v9h-9zM34 17v-4h9v9h-4M20 13l10 4M20 31l10-5',
  'fashion-resnet':
    'M2 22h7v9H2zM15 22h7v9h-7zM28 22h7v9h-7zM41 22h6v9h-6zM9 26h6M22 26h6M35 26h6M12 26C12 4 38 4 38 26',
  'fashion-mobilenet':
    'M3 14l8-7v20l-8 7zM17 14l8-7v20l-8 7zM31 14l8-7v20l-8 7zM14 31V14M28 31V14M42 31V14',
}

function chooseZooModel(name: string): void {
  ownFile.value = null
  change({ model: name })
}

export async function openFile(file: File): Promise<void> {
  ownFile.value = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }
}

function OwnFile() {
  const input = useRef<HTMLInputElement>(null)
  const own = ownFile.value
  return (
    <div class={own ? 'own-file chosen' : 'own-file'}>
      <input
        ref={input}
        type="file"
        accept=".onnx"
        hidden
        aria-label="Your own ONNX file"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          if (file) void openFile(file)
          // Choosing the same file again is a change too: it may have been mended meanwhile.
          currentTarget.value = ''
        }}
      />
      <button type="button" class="link" onClick={() => input.current?.click()}>
        {own ? 'Open another file' : 'Open your own ONNX file'}
      </button>{' '}
      {own ? (
        <span>
          <b class="own-name">{own.name}</b>, tested with{' '}
          <select
            aria-label="Test images for your file"
            value={ownDataset}
            onChange={({ currentTarget }) => {
              ownDataset.value = currentTarget.value as DatasetName
            }}
          >
            {Object.entries(datasets).map(([name, { title }]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </span>
      ) : (
        <span class="muted">
          or drop it here: ten classes, images of 28 × 28. It stays on your machine.
        </span>
      )}
    </div>
  )
}

export function ModelChoice() {
  return (
    <fieldset class="model-choice">
      <legend>Model</legend>
      <div class="model-cards">
        {zoo.map(({ name, title, summary, dataset }) => (
          <label key={name} class="model-card">
            <input
              type="radio"
              name="model"
              checked={!ownFile.value && experiment.value.model === name}
              onChange={() => chooseZooModel(name)}
            />
            <svg viewBox="0 0 48 40" width="48" height="40" aria-hidden="true">
              <path d={glyphs[name] ?? ''} />
            </svg>
            <b>{title}</b>
            <span class="model-data">{datasets[dataset].title}</span>
            <span class="model-summary">{summary}</span>
          </label>
        ))}
      </div>
      <OwnFile />
    </fieldset>
  )
}
