// Where the benchmark can run. Each gives { engine, skipped, tiles, peaks(effort), measure(name, effort), close() }.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { launchChromium } from '../../tools/lib/chromium.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { serve } from '../../tools/serve.mjs'

/** A page that is isolated from others has the finest clock. */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

async function inPage(page) {
  const { skipped, tiles } = await page.evaluate(async () => {
    const { startSession } = await import('/tests/bench/bench_session.mjs')
    const readFile = async (path) => new Uint8Array(await (await fetch(`/${path}`)).arrayBuffer())
    globalThis.session = await startSession(readFile)
    const { skipped, tiles } = globalThis.session
    return { skipped, tiles }
  })
  const call =
    (method) =>
    (...args) =>
      page.evaluate(([method, args]) => globalThis.session[method](...args), [method, args])
  return { skipped, tiles, peaks: call('peaks'), measure: call('measure') }
}

async function chromium() {
  const server = await serve(projectRoot, 0, isolation)
  const browser = await launchChromium()
  const close = async () => {
    await browser.close()
    await server.close()
  }
  try {
    const page = await browser.newPage()
    await page.goto(`${server.address}tests/bench/page.html`)
    return { engine: `Chromium ${browser.version()}`, ...(await inPage(page)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function node() {
  const { startSession } = await import('./bench_session.mjs')
  const session = await startSession((path) => readFile(join(projectRoot, path)))
  return { engine: `Node ${process.versions.node}`, ...session, close: async () => {} }
}

export const environments = { chromium, node }
