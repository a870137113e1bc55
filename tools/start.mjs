// From a fresh clone to the page in a browser: sets up, builds, serves, and prints the address.

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildWeb } from './build.mjs'
import { Failure, main, projectRoot, say } from './lib/run.mjs'
import { serve } from './serve.mjs'
import { setup } from './setup/setup.mjs'

const defaultPort = '4173'

await main(async () => {
  const { values } = parseArgs({ options: { port: { type: 'string', default: defaultPort } } })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Failure(`--port takes a number from 0 to 65535, not "${values.port}".`)
  }
  await setup('build')
  await buildWeb()
  const { address } = await serve(join(projectRoot, 'web/app/dist'), port)
  say(`\nLowbit is at ${address}  (Ctrl-C ends it)`)
})
