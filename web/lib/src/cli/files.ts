// Files read and written. A name of - is standard input or output. A file is there whole or not at all: it is written
// beside its place and then renamed.

import { constants, rmSync, type Stats } from 'node:fs'
import { access, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { exits, Failure, failUsage } from './failures.js'

export const standard = '-'

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it exists already',
  EISDIR: 'it is a folder',
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of its path is not a folder',
  EROFS: 'the file system is read-only',
}

/** `verb`: "read" or "written". */
function fileFailed(name: string, verb: string, cause: unknown): Failure {
  const { code = '', message } = cause as NodeJS.ErrnoException
  const reason = reasons[code] ?? message
  return new Failure('FILE_FAILED', `${name} could not be ${verb}: ${reason}`, name)
}

let isInputTaken = false

async function readStandard(): Promise<Uint8Array> {
  if (isInputTaken) failUsage(standard, 'can be read once only')
  isInputTaken = true
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

/** Errors: FILE_FAILED, INVALID_ARGUMENT where standard input was read before. */
export async function readInput(name: string): Promise<Uint8Array> {
  if (name === standard) return readStandard()
  try {
    return await readFile(name)
  } catch (cause) {
    throw fileFailed(name, 'read', cause)
  }
}

/** Where a file is to be written, as it was when the command began. */
export interface Target {
  readonly name: string
  /** What lies there, through links; none: nothing. */
  readonly existing?: { readonly path: string; readonly isFile: boolean; readonly mode: number }
}

async function look(name: string): Promise<Target> {
  let status: Stats
  try {
    status = await stat(name)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    await access(dirname(name), constants.W_OK)
    return { name }
  }
  if (status.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
  const path = await realpath(name)
  return { name, existing: { path, isFile: status.isFile(), mode: status.mode } }
}

/** To be called before work that would be lost. Errors: FILE_FAILED, also for a file that exists, unless `force`. */
export async function openTarget(name: string, force: boolean): Promise<Target> {
  if (name === standard) return { name }
  const target = await look(name).catch((cause) => {
    throw fileFailed(name, 'written', cause)
  })
  if (!target.existing?.isFile || force) return target
  const message = `${name} exists already; --force replaces it`
  throw new Failure('FILE_FAILED', message, name, exits.usage)
}

/** Where that fails, the program ends (main.ts). */
const writeStandard = (bytes: Uint8Array) =>
  new Promise<void>((resolve) => {
    process.stdout.write(bytes, (error) => {
      if (!error) resolve()
    })
  })

/** Files that are not whole yet. */
const unfinished = new Set<string>()

/** Of a program that ends in the midst of its work. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true })
}

async function replace(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  unfinished.add(temporary)
  try {
    await writeFile(temporary, bytes, { flag: 'wx', flush: true, mode })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
    unfinished.delete(temporary)
  }
}

/** Errors: FILE_FAILED, and then nothing has changed. */
export async function writeOutput(target: Target, bytes: Uint8Array, force: boolean) {
  const { name, existing } = target
  if (name === standard) return writeStandard(bytes)
  // It may have come since the command began.
  if (!existing) await openTarget(name, force)
  try {
    // A device cannot be replaced.
    if (existing && !existing.isFile) await writeFile(name, bytes)
    else await replace(existing?.path ?? name, bytes, existing?.mode ?? 0o666)
  } catch (cause) {
    throw fileFailed(name, 'written', cause)
  }
}
