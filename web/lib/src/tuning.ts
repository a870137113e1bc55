// The tiles that were timed since this module was loaded, so that no tier is tuned twice.

import type { Host, Tuning } from './protocol.js'
import type { KernelTier } from './raw.js'
import type { Tiles } from './types.js'

/** Not the whole of 20 ms: engines compile the tuning first, for a time of their own, and the last timing may end late. */
const budgetMs = 16

const known: Partial<Record<KernelTier, Tiles>> = {}

/** Starts a host with the tiles that are known, and keeps those that it finds; without `tune` with the defaults. */
export async function startTuned(
  tune: boolean,
  start: (tuning: Tuning) => Promise<Host>,
): Promise<Host> {
  if (!tune) return start({ known: {}, budgetMs: 0 })
  const host = await start({ known: { ...known }, budgetMs })
  known[host.tier] ??= host.tiles
  return host
}
