// The installed package in pages, by each way that there is to get it there: it loads in Chromium and gives the known answer.

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from '@rollup/wasm-node'
import esbuild from 'esbuild'
import { build, createServer } from 'vite'
import webpack from 'webpack'
import { startBrowser, writePage, writeProgram } from './browser.mjs'
import { installPackage } from './install.mjs'
import { answer } from './known_answer.mjs'

const parts = ['lowbit.wasm', 'lowbit-quantize.wasm', 'lowbit-relaxed.wasm']

/** Allows WebAssembly and the server's own files, and so no workers from blobs. */
const strict = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
}

const inWorker = { ...answer, tier: 'relaxed', thread: 'worker' }

test('an installed package in pages', async (t) => {
  const { app } = installPackage(t)
  const { ask, askFolder } = await startBrowser(t)
  const makeFolder = (name) => {
    const folder = join(app, name)
    mkdirSync(folder)
    return folder
  }

  // The whole app is served, as the modules lie in node_modules.
  const plain = makeFolder('plain')
  writeProgram(plain, { entry: '../node_modules/lowbit/dist/index.js' })
  writePage(plain, 'main.js')
  const askPlain = (how) => askFolder(app, { path: 'plain/', ...how })

  await t.test('without a bundler', async () => {
    assert.deepEqual(await askPlain(), inWorker)
  })

  await t.test('under a strict content security policy', async () => {
    assert.deepEqual(await askPlain({ headers: strict }), inWorker)
  })

  await t.test('from a server that does not know the type of WebAssembly', async () => {
    const headers = { 'content-type': 'text/plain' }
    const untyped = async (route) => route.fulfill({ response: await route.fetch(), headers })
    assert.deepEqual(await askPlain({ routes: { '**/*.wasm': untyped } }), inWorker)
  })

  for (const status of [200, 404]) {
    await t.test(`from a server that sends a page with status ${status} in its place`, async () => {
      const body = '<!doctype html><title>Where is it?</title>'
      const page = (route) => route.fulfill({ status, body, contentType: 'text/html' })
      const { code, message, where } = await askPlain({ routes: { '**/*.wasm': page } })
      assert.equal(code, 'LOAD_FAILED')
      assert.match(where, /^http.*\/lowbit\.wasm$/)
      assert.match(message, /HTML page in place of the WebAssembly binary at http.*option wasm/)
    })
  }

  await t.test("with Vite's development server", async () => {
    const root = makeFolder('vite-dev')
    writeProgram(root)
    writePage(root, 'main.js')
    const server = await createServer({
      root,
      configFile: false,
      logLevel: 'error',
      optimizeDeps: { exclude: ['lowbit'] },
      server: { host: '127.0.0.1', port: 0 },
    })
    try {
      await server.listen()
      assert.deepEqual(await ask(server.resolvedUrls.local[0]), inWorker)
    } finally {
      await server.close()
    }
  })

  await t.test('built by Vite', async () => {
    const root = makeFolder('vite')
    writeProgram(root)
    writePage(root, 'main.js')
    await build({ root, configFile: false, logLevel: 'error', worker: { format: 'es' } })
    assert.deepEqual(await askFolder(join(root, 'dist'), { headers: strict }), inWorker)
  })

  await t.test('built by webpack', async () => {
    const folder = makeFolder('webpack')
    writeProgram(folder)
    const path = join(folder, 'dist')
    const stats = await new Promise((resolve, reject) => {
      const options = {
        mode: 'production',
        context: folder,
        entry: './main.js',
        output: { path },
        performance: { hints: false },
      }
      webpack(options, (error, stats) => (error ? reject(error) : resolve(stats)))
    })
    assert.equal(stats.hasErrors() || stats.hasWarnings(), false, stats.toString())
    writePage(path, 'main.js', 'classic')
    assert.deepEqual(await askFolder(path, { headers: strict }), inWorker)
  })

  await t.test('built by Rollup', async () => {
    const folder = makeFolder('rollup')
    writeProgram(folder)
    const bundle = await rollup({
      input: { main: join(folder, 'main.js'), worker: 'lowbit/worker' },
      plugins: [nodeResolve({ rootDir: folder })],
    })
    const path = join(folder, 'dist')
    await bundle.write({ dir: path, chunkFileNames: '[name].js' })
    for (const part of parts)
      copyFileSync(join(app, 'node_modules/lowbit/dist', part), join(path, part))
    writePage(path, 'main.js')
    assert.deepEqual(await askFolder(path, { headers: strict }), inWorker)
  })

  await t.test('built by esbuild, in one file', async (t) => {
    const folder = makeFolder('esbuild')
    writeProgram(folder, { entry: 'lowbit/inline' })
    const outfile = join(folder, 'dist/main.js')
    await esbuild.build({
      absWorkingDir: folder,
      entryPoints: ['main.js'],
      bundle: true,
      minify: true,
      format: 'iife',
      logLevel: 'error',
      outfile,
    })
    const path = join(folder, 'dist')
    writePage(path, 'main.js', 'classic')
    await t.test('from a server', async () => {
      assert.deepEqual(await askFolder(path), inWorker)
    })
    await t.test('from disk', async () => {
      assert.deepEqual(await ask(pathToFileURL(join(path, 'index.html')).href), inWorker)
    })
    await t.test('in a worker', async () => {
      const page = `globalThis.answer = new Promise((resolve) => {
        new Worker('main.js').onmessage = ({ data }) => resolve(data)
      })`
      writeFileSync(join(path, 'page.js'), page)
      writePage(path, 'page.js')
      assert.deepEqual(await askFolder(path), inWorker)
      writePage(path, 'main.js', 'classic')
    })
    await t.test('under a policy that refuses its worker', async () => {
      const inPage = { ...inWorker, thread: 'main' }
      assert.deepEqual(await askFolder(path, { headers: strict }), inPage)
    })
  })
})
