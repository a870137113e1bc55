// Provides Emscripten 3.1.69 or newer: the one on PATH, or Debian 13's package unpacked into the user's
// cache folder, where it runs on Debian 12 without touching the system. cmake/emscripten.cmake looks in
// the same two places.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Failure, findProgram, output, runQuietly, say } from '../lib/run.mjs'
import { atLeast } from './version.mjs'

export const minimumVersion = '3.1.69'
const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lowbit')
const toolchain = join(cacheFolder, 'emscripten-trixie')
const packages = ['emscripten', 'binaryen', 'libc6', 'libstdc++6', 'libgcc-s1', 'node-acorn']

/** The version of the Emscripten that a build would use; undefined where there is none. */
export function emscriptenVersion() {
  const roots = [join(toolchain, 'usr/share/emscripten')]
  if (findProgram('em-config')) roots.unshift(output('em-config', ['EMSCRIPTEN_ROOT']) ?? '')
  for (const root of roots) {
    const file = join(root, 'emscripten-version.txt')
    if (!existsSync(file)) continue
    const version = readFileSync(file, 'utf8').replaceAll('"', '').trim()
    if (atLeast(version, minimumVersion)) return version
  }
  return undefined
}

// The archive this machine already uses. No address is written down here: mirrors differ.
function debianArchive() {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages']
  const addresses = (output('apt-get', ['indextargets', ...format]) ?? '').split('\n')
  const archive = addresses.find((address) => address && !address.includes('security'))
  if (!archive) throw new Failure('apt-get names no Debian archive; see /etc/apt/sources.list.d.')
  return archive
}

function removeAbandoned() {
  const isAlive = (pid) => {
    try {
      return process.kill(pid, 0)
    } catch (error) {
      return error.code === 'EPERM'
    }
  }
  for (const name of readdirSync(cacheFolder)) {
    const pid = /^emscripten-trixie\.partial-(\d+)$/.exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) rmSync(join(cacheFolder, name), { recursive: true })
  }
}

// Binaryen's programs want a newer libc than Debian 12 has: each is started through the loader that was
// unpacked beside it.
function wrapBinaryen(folder) {
  const libraryRoot = join(folder, 'usr/lib')
  const triplet = readdirSync(libraryRoot).find((name) => name.endsWith('-linux-gnu'))
  const loader = readdirSync(join(libraryRoot, triplet)).find((name) =>
    name.startsWith('ld-linux-'),
  )
  const finalLibraries = join(toolchain, 'usr/lib', triplet)
  const wrappers = join(folder, 'binaryen/bin')
  mkdirSync(wrappers, { recursive: true })
  for (const program of readdirSync(join(folder, 'usr/bin'))) {
    if (!program.startsWith('wasm')) continue
    const path = join(wrappers, program)
    const target = join(toolchain, 'usr/bin', program)
    writeFileSync(
      path,
      `#!/bin/sh\nexec '${join(finalLibraries, loader)}' --library-path '${finalLibraries}' '${target}' "$@"\n`,
    )
    chmodSync(path, 0o755)
  }
}

// Emscripten reads `.emscripten` beside itself where EM_CONFIG is unset, so builds need no environment.
// Its optimizer imports acorn, which Debian keeps in a folder that only Debian's own Node looks into.
function configure(folder) {
  const root = join(folder, 'usr/share/emscripten')
  mkdirSync(join(root, 'node_modules'))
  symlinkSync('../../nodejs/acorn', join(root, 'node_modules/acorn'))
  const settings = [
    "LLVM_ROOT = '/usr/bin'",
    "LLVM_ADD_VERSION = '19'",
    "CLANG_ADD_VERSION = '19'",
    `BINARYEN_ROOT = '${join(toolchain, 'binaryen')}'`,
    "NODE_JS = 'node'",
    'FROZEN_CACHE = True',
  ]
  writeFileSync(join(root, '.emscripten'), `${settings.join('\n')}\n`)
}

/** Unpacks Debian 13's Emscripten into the cache folder; needs Debian 12's clang-19, lld-19, llvm-19. */
export async function unpackEmscripten() {
  mkdirSync(cacheFolder, { recursive: true })
  removeAbandoned()
  const folder = `${toolchain}.partial-${process.pid}`
  const apt = join(folder, 'apt')
  for (const name of ['lists/partial', 'cache/archives/partial', 'packages']) {
    mkdirSync(join(apt, name), { recursive: true })
  }
  const sources = join(apt, 'trixie.list')
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(sources, `deb [signed-by=${keyring}] ${debianArchive()} trixie main\n`)
  const privately = [
    ...['-o', `Dir::Etc::sourcelist=${sources}`, '-o', 'Dir::Etc::sourceparts=-'],
    ...['-o', `Dir::State::lists=${join(apt, 'lists')}`, '-o', `Dir::Cache=${join(apt, 'cache')}`],
    // The download runs as this user: apt's own user may not enter the cache folder.
    ...['-o', 'APT::Sandbox::User='],
  ]
  const downloads = { cwd: join(apt, 'packages') }
  await runQuietly('Reading the package list of Debian 13', 'apt-get', [...privately, 'update'])
  await runQuietly(
    'Downloading Emscripten (250 MB)',
    'apt-get',
    [...privately, 'download', ...packages],
    downloads,
  )
  const unpack = 'for package in *.deb; do dpkg-deb -x "$package" "$0"; done'
  await runQuietly('Unpacking Emscripten (1.7 GB)', 'sh', ['-euc', unpack, folder], downloads)
  wrapBinaryen(folder)
  configure(folder)
  rmSync(apt, { recursive: true })
  try {
    renameSync(folder, toolchain)
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    say('Another set-up finished first; its Emscripten is used.')
    rmSync(folder, { recursive: true })
  }
}
