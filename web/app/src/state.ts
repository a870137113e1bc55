// What the visitor has chosen. It lives in the address's hash, so any experiment is a link.

import { effect, signal } from '@preact/signals'
import type { DatasetName } from './zoo'
import { zoo } from './zoo'

/** A key that is missing or out of range in a link takes its default, so that old links go on working. */
export interface Experiment {
  readonly version: 1
  readonly model: string
  readonly granularity: 'channel' | 'tensor'
  readonly calibration: number
}

export const calibrationCounts = [1, 8, 32, 128, 512]

const defaults: Experiment = {
  version: 1,
  model: 'digits-lenet',
  granularity: 'channel',
  calibration: 512,
}

export function parseHash(hash: string): Experiment {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const model = fields.get('model')
  const granularity = fields.get('weights')
  const calibration = Number(fields.get('calibration'))
  return {
    version: 1,
    model: zoo.find(({ name }) => name === model)?.name ?? defaults.model,
    granularity:
      granularity === 'tensor' || granularity === 'channel' ? granularity : defaults.granularity,
    calibration: calibrationCounts.includes(calibration) ? calibration : defaults.calibration,
  }
}

export function toHash({ version, model, granularity, calibration }: Experiment): string {
  return `#v=${version}&model=${model}&weights=${granularity}&calibration=${calibration}`
}

export const experiment = signal(parseHash(location.hash))

/** A file of the visitor's own takes the place of the zoo's model. It stays on their machine, so no link can name it. */
export interface OwnFile {
  readonly name: string
  readonly bytes: Uint8Array
}
export const ownFile = signal<OwnFile | null>(null)
export const ownDataset = signal<DatasetName>('mnist')

export function change(fields: Partial<Omit<Experiment, 'version'>>): void {
  experiment.value = { ...experiment.value, ...fields }
}

effect(() => {
  const hash = toHash(experiment.value)
  if (location.hash !== hash) history.replaceState(null, '', hash)
})
addEventListener('hashchange', () => {
  ownFile.value = null
  experiment.value = parseHash(location.hash)
})

const themeKey = 'lowbit-theme'
const darkSystem = matchMedia('(prefers-color-scheme: dark)')

// Storage is refused to some pages, in private windows for instance; the choice then lasts as long as the page.
function storedTheme(): string | null {
  try {
    return localStorage.getItem(themeKey)
  } catch {
    return null
  }
}

const stored = storedTheme()
export const isDark = signal(stored ? stored === 'dark' : darkSystem.matches)
let isThemeChosen = stored !== null

darkSystem.addEventListener('change', () => {
  if (!isThemeChosen) isDark.value = darkSystem.matches
})

export function toggleTheme(): void {
  isDark.value = !isDark.value
  isThemeChosen = true
  try {
    localStorage.setItem(themeKey, isDark.value ? 'dark' : 'light')
  } catch {
    // As above.
  }
}

effect(() => {
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light'
})
