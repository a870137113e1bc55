// Pages that ask the package for the known answer, and the browser that opens them.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchChromium } from '../../tools/lib/chromium.mjs'
import { serve } from '../../tools/serve.mjs'
import { program } from './known_answer.mjs'

/** Writes `main.js`, which asks for the answer; in a worker it posts that. */
export function writeProgram(folder, { entry = 'lowbit', options = {} } = {}) {
  const ask = `globalThis.answer = ask(${JSON.stringify(options)})
    .catch(({ code, message, where }) => ({ code, message, where }))
    if (!globalThis.document) globalThis.answer.then((answer) => postMessage(answer))`
  writeFileSync(join(folder, 'main.js'), `${program(entry)}\n${ask}\n`)
}

/** Writes `index.html`, which runs a script: a module, or a classic one. */
export function writePage(folder, script, type = 'module') {
  const attribute = type === 'module' ? 'type="module" ' : ''
  const body = `<body><script ${attribute}src="${script}"></script>`
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html>\n<meta charset="utf-8">\n<title>Lowbit</title>\n${body}\n`,
  )
}

/** Opens pages; closed after the test. */
export async function startBrowser(t) {
  const browser = await launchChromium()
  t.after(() => browser.close())

  /** What the page at an address answers, or its error. `routes`: by a pattern of addresses, what answers in the server's place. */
  async function ask(address, routes = {}) {
    const page = await browser.newPage()
    try {
      for (const [pattern, handler] of Object.entries(routes)) await page.route(pattern, handler)
      await page.goto(address)
      return await page.evaluate(() => globalThis.answer)
    } finally {
      await page.close()
    }
  }

  return {
    ask,
    /** As `ask`, of a folder's index.html, which is served with `headers`. */
    async askFolder(folder, { path = '', headers, routes } = {}) {
      const server = await serve(folder, 0, headers)
      try {
        return await ask(`${server.address}${path}`, routes)
      } finally {
        await server.close()
      }
    },
  }
}
