// Chromium, as the tests, the benchmark and the screenshot start it.

import { chromium } from 'playwright-core'
import { chromiumPath } from '../setup/needs.mjs'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A headless browser of playwright-core. */
export const launchChromium = () => chromium.launch({ executablePath: chromiumPath(), args: flags })
