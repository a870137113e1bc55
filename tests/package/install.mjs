// The package as npm would publish it, installed in an empty folder.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../tools/lib/run.mjs'

/** Runs a program in `folder` and gives what it prints; where it fails, the exception says all that it printed. */
export function runIn(folder, program, args) {
  const options = { cwd: folder, encoding: 'utf8' }
  const { status, stdout, stderr, error } = spawnSync(program, args, options)
  if (status === 0) return stdout
  throw new Error(`${program} ${args.join(' ')}\n${error ?? ''}${stdout}${stderr}`)
}

/** Packs and installs; the folder is removed after the test. Also gives the tarball's path and its list of files. */
export function installPackage(t) {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const pack = ['pack', '--json', '--pack-destination', folder]
  const [{ filename, files }] = JSON.parse(runIn(join(projectRoot, 'web/lib'), 'npm', pack))
  const app = join(folder, 'app')
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true }')
  const tarball = join(folder, filename)
  runIn(app, 'npm', ['install', '--offline', '--no-audit', '--no-fund', tarball])
  return { app, tarball, files }
}
