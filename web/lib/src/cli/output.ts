// What people and programs get to read. Standard output has the answer alone, as a table or as JSON; standard error has
// warnings, and at a terminal progress.

import type { Progress } from 'lowbit'
import { failUsage } from './failures.js'

/** As much of a process's stream as is needed. */
export interface Stream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

type Environment = Readonly<Record<string, string | undefined>>

const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], yellow: [33, 39] } as const
type Style = keyof typeof styles
/** Gives a text a colour, or leaves it. */
export type Paint = (style: Style, text: string) => string

/** Colours are for terminals, unless NO_COLOR (no-color.org) has any value. */
export function paintFor({ isTTY }: Stream, { NO_COLOR, TERM }: Environment): Paint {
  if (!isTTY || NO_COLOR || TERM === 'dumb') return (_, text) => text
  return (style, text) => `\u001b[${styles[style][0]}m${text}\u001b[${styles[style][1]}m`
}

/** Names come from files, and could command a terminal. */
const harmless = (text: string) => text.replace(/[^\P{Cc}\n]/gu, '\ufffd')

/** Lines of columns as wide as their widest text; those named in `right` are aligned there, as numbers are. */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths: number[] = []
  const cells = rows.map((row) => row.map(harmless))
  for (const row of cells) {
    row.forEach((text, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length)
    })
  }
  return cells.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0
        return right.includes(column) ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** "245.4 KB": as the sizes of files and downloads are mostly given, by powers of 1000. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['KB', 'MB', 'GB']
  let amount = bytes / 1000
  let unit = 0
  while (amount >= 999.95 && unit < units.length - 1) {
    amount /= 1000
    ++unit
  }
  return `${amount.toFixed(1)} ${units[unit]}`
}

export const formatCount = (count: number) => count.toLocaleString('en-US')

export const formatMs = (ms: number) => `${ms.toFixed(ms < 1 ? 3 : ms < 100 ? 2 : 0)} ms`

export const formatPercent = (share: number) => `${(share * 100).toFixed(2)} %`

export class Output {
  /** Of standard output. */
  readonly paint: Paint
  readonly #stdout: Stream
  readonly #stderr: Stream
  readonly #isJson: boolean
  readonly #paintError: Paint
  #hasProgress = false
  /** Where tables go; false once a file is written to standard output. */
  #isAnswerFree = true

  constructor(stdout: Stream, stderr: Stream, environment: Environment, isJson: boolean) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.#isJson = isJson
    this.paint = paintFor(stdout, environment)
    this.#paintError = paintFor(stderr, environment)
  }

  /** A file goes to standard output, so that what people read goes to standard error. Errors: INVALID_ARGUMENT for JSON. */
  giveAway(): void {
    if (this.#isJson) failUsage('--json', 'needs standard output, where a file goes already')
    this.#isAnswerFree = false
  }

  /** Text that was asked for as such. */
  print(text: string): void {
    this.#stdout.write(`${text}\n`)
  }

  /** The answer, once: `value` as JSON where that was asked for, else the lines. */
  answer(value: unknown, lines: () => readonly string[]): void {
    this.clear()
    const text = this.#isJson ? JSON.stringify(value, null, 2) : lines().join('\n')
    const stream = this.#isAnswerFree ? this.#stdout : this.#stderr
    stream.write(`${text}\n`)
  }

  /** As `{ error }` on standard output where JSON was asked for. */
  error(error: { code: string; message: string; where: string }): void {
    this.clear()
    if (this.#isJson) this.#stdout.write(`${JSON.stringify({ error }, null, 2)}\n`)
    else this.#say('red', 'error', error.message)
  }

  warn(message: string): void {
    this.#say('yellow', 'warning', message)
  }

  /** Why the program exits as it does. */
  note(message: string): void {
    this.clear()
    this.#stderr.write(`${message}\n`)
  }

  progress({ stage, fraction }: Progress): void {
    if (!this.#stderr.isTTY) return
    this.#hasProgress = true
    const percent = `${Math.floor(fraction * 100)}`.padStart(3)
    this.#stderr.write(`\r\u001b[K${stage} ${percent} %`)
  }

  /** Takes the progress away. */
  clear(): void {
    if (this.#hasProgress) this.#stderr.write('\r\u001b[K')
    this.#hasProgress = false
  }

  #say(style: Style, kind: string, message: string): void {
    this.note(`lowbit: ${this.#paintError(style, `${kind}:`)} ${harmless(message)}`)
  }
}
