// Brings everything that the project needs on this machine, and does nothing where it is there already.
// On Debian 12 and 13 it installs; elsewhere it names what is missing and the command that brings it.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure, findProgram, main, output, projectRoot, runQuietly, say } from '../lib/run.mjs'
import { emscriptenVersion, unpackEmscripten } from './emscripten.mjs'
import { needs } from './needs.mjs'
import { atLeast } from './version.mjs'

const minimumNode = '20.19'
// What the unpacked Emscripten runs on: the package wants exactly LLVM 19.
const emscriptenCompanions = ['clang-19', 'lld-19', 'llvm-19', 'python3']

function debianRelease() {
  if (!existsSync('/etc/os-release')) return undefined
  const text = readFileSync('/etc/os-release', 'utf8')
  if (!/^ID=debian$/m.test(text)) return undefined
  return Number(/^VERSION_ID="?(\d+)/m.exec(text)?.[1] ?? 0)
}

function explainMissing(missing) {
  const manager = ['brew', 'dnf', 'apt'].find((name) => findProgram(name))
  const names = missing.map((need) => need.name).join('; ')
  const lines = [`This machine lacks: ${names}.`]
  if (manager) {
    const prefix = manager === 'brew' ? 'brew install' : `sudo ${manager} install`
    // Casks are a command of their own.
    const packages = missing.map((need) => need[manager])
    const plain = packages.filter((names) => names[0] !== '--cask').flat()
    const commands = packages
      .filter((names) => names[0] === '--cask')
      .map((names) => names.join(' '))
    if (plain.length) commands.unshift(plain.join(' '))
    lines.push(`To bring it: ${commands.map((names) => `${prefix} ${names}`).join(' && ')}`)
  }
  if (missing.some((need) => need.name.startsWith('Emscripten'))) {
    lines.push(
      'Where that Emscripten is too old, install emsdk and activate it in this shell:',
      '  https://emscripten.org/docs/getting_started/downloads.html',
    )
  }
  return lines.join('\n')
}

async function installPackages(names) {
  const isInstalled = (name) => /^Status: install ok installed$/m.test(output('dpkg', ['-s', name]))
  const packages = names.filter((name) => !isInstalled(name))
  if (!packages.length) return
  const sudo = process.getuid() === 0 ? [] : ['sudo']
  if (sudo.length && !findProgram('sudo')) {
    throw new Failure(`As root, run: apt-get install ${packages.join(' ')}`)
  }
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120']
  const [program, ...args] = [...sudo, ...apt]
  await runQuietly('Reading the package lists', program, [...args, 'update'])
  const install = ['install', '--yes', '--no-install-recommends', ...packages]
  await runQuietly(`Installing ${packages.join(', ')}`, program, [...args, ...install])
}

async function provideOnDebian(missing, release) {
  const unpack = release < 13 && !emscriptenVersion()
  const packages = new Set()
  for (const need of missing) {
    const isUnpacked = unpack && need.apt.includes('emscripten')
    for (const name of isUnpacked ? emscriptenCompanions : need.apt) packages.add(name)
  }
  await installPackages([...packages])
  if (unpack) await unpackEmscripten()
}

async function provideNodeModules() {
  const lock = readFileSync(join(projectRoot, 'package-lock.json'))
  const digest = createHash('sha256').update(lock).digest('hex')
  const stamp = join(projectRoot, 'node_modules/.lowbit-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  // Not `npm ci`: it refuses a lock file that lacks another system's optional binaries, and not every
  // mirror serves those. The versions are the lock file's all the same.
  const install = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
  await runQuietly('Installing the npm packages', 'npm', install)
  writeFileSync(stamp, digest)
}

/** Makes the machine ready for `purpose`: 'build', or 'test', which includes it. */
export async function setup(purpose) {
  if (!atLeast(process.versions.node, minimumNode)) {
    throw new Failure(`Node ${minimumNode} or newer is needed; this is ${process.versions.node}.`)
  }
  const release = debianRelease()
  const system = release >= 12 ? 'debian' : 'other'
  const listMissing = () =>
    needs.filter((need) => [purpose, 'build'].includes(need.purpose) && !need.isMet(system))
  const missing = listMissing()
  if (missing.length) {
    if (system !== 'debian') throw new Failure(explainMissing(missing))
    say(`This machine lacks: ${missing.map((need) => need.name).join('; ')}.`)
    await provideOnDebian(missing, release)
    const still = listMissing().map((need) => need.name)
    if (still.length) throw new Failure(`Installed, yet not found: ${still.join('; ')}.`)
  }
  await provideNodeModules()
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await setup('test')
    say(`Ready: Node ${process.versions.node}, Emscripten ${emscriptenVersion()}.`)
  })
}
