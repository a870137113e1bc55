// Serves a folder of static files to this machine only.

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'

const mimeTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

async function locate(root, url) {
  let path
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
  } catch {
    return { status: 400 }
  }
  const file = normalize(join(root, path.endsWith('/') ? `${path}index.html` : path))
  if (!file.startsWith(root + sep) || file.includes('\0')) return { status: 404 }
  const info = await stat(file).catch(() => undefined)
  if (!info?.isFile()) return { status: 404 }
  return { status: 200, file, size_bytes: info.size }
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(server.address().port)
    })
  })
}

/**
 * Serves `root` on 127.0.0.1 at `port`, or at the next free one; 0 takes any. Returns the address and
 * a function that ends the server. `headers` go with every file.
 */
export async function serve(root, port, headers = {}) {
  const folder = normalize(root).replace(/[/\\]$/, '')
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    const { status, file, size_bytes } = await locate(folder, request.url)
    if (status !== 200) {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${status}\n`)
      return
    }
    response.writeHead(200, {
      'content-type': mimeTypes[extname(file).toLowerCase()] ?? 'application/octet-stream',
      'content-length': size_bytes,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      ...headers,
    })
    if (request.method === 'HEAD') response.end()
    else
      createReadStream(file)
        .on('error', (error) => response.destroy(error))
        .pipe(response)
  })
  for (let candidate = port; ; ++candidate) {
    try {
      const address = `http://127.0.0.1:${await listen(server, candidate)}/`
      return { address, close: () => new Promise((resolve) => server.close(resolve)) }
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || candidate >= 65535) throw error
    }
  }
}
