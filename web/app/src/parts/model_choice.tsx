// The zoo's models and a file of the visitor's own, as one group of radio buttons.

import { useRef } from 'preact/hooks'
import { change, experiment, ownDataset, ownFile } from '../state'
import { type DatasetName, datasets, zoo } from '../zoo'

const glyphs: Readonly<Record<string, string>> = {
  'digits-mlp':
    'M6 8 24 14M6 8 24 26M6 20 24 14M6 20 24 26M6 32 24 14M6 32 24 26M24 14 42 20M24 26 42 20',
  'digits-lenet': 'M4 6h22v22H4zM14 14h20v20H14M34 24l8-4M34 34l8-4',
  'fashion-resnet': 'M4 20h40M14 14v12M24 14v12M34 14v12M9 20C9 4 29 4 29 20M19 20c0 16 20 16 20 0',
  'fashion-mobilenet': 'M6 6v28M13 10v20M20 6v28M27 10v20M34 6v28M41 10v20',
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
