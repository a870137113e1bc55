// Starts other programs on behalf of the project's commands, and says in plain lines what happens.

import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** An error whose message alone is meant for the person; it needs no stack trace. */
export class Failure extends Error {}

export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** The full path of a program on PATH, or undefined. */
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder: look in the next one.
    }
  }
  return undefined
}

/** What a short program prints, trimmed; undefined where it cannot run or fails. */
export function output(program, args) {
  const result = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return result.status === 0 ? result.stdout.trim() : undefined
}

function describeEnd(program, args, code, signal) {
  return `${[program, ...args].join(' ')} ended with ${signal ?? `exit code ${code}`}`
}

/** Runs a program with its output shown. Rejects with a Failure where it does not exit with 0. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
      ...options,
    })
    child.on('error', (error) =>
      reject(new Failure(`${program} cannot be started: ${error.message}`)),
    )
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Failure(describeEnd(program, args, code, signal)))
    })
  })
}

/**
 * Runs a program whose output matters only where it fails: shows the title, a sign of life every ten
 * seconds, and the time it took; on failure the output's last lines.
 */
export function runQuietly(title, program, args, options = {}) {
  say(`${title} …`)
  const start = Date.now()
  const seconds = () => Math.round((Date.now() - start) / 1000)
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    const heartbeat = setInterval(() => say(`  still at it after ${seconds()} s`), 10_000)
    child.on('error', (error) => {
      clearInterval(heartbeat)
      reject(new Failure(`${program} cannot be started: ${error.message}`))
    })
    child.on('close', (code, signal) => {
      clearInterval(heartbeat)
      if (code === 0) {
        say(`  done in ${seconds()} s`)
        resolve()
      } else {
        const lines = Buffer.concat(chunks).toString().trimEnd().split('\n').slice(-40)
        reject(new Failure(`${lines.join('\n')}\n${describeEnd(program, args, code, signal)}`))
      }
    })
  })
}

/** Runs a command's main function; a Failure ends it with its message and exit code 1. */
export async function main(body) {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.stderr.write(`\n${error.message}\n`)
    process.exitCode = 1
  }
}
