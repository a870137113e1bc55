// The one list of commands.

import { bench } from './bench.js'
import type { Command } from './command.js'
import { compare } from './compare.js'
import { inspect } from './inspect.js'
import { quantize } from './quantize.js'
import { run } from './run.js'

export const commands: readonly Command[] = [inspect, quantize, run, compare, bench]
