// Packs what src/lzma.ts unpacks.

import { execFileSync } from 'node:child_process'

// Of code in WebAssembly, a byte says most about the next, and its position nothing: hence lc, lp and pb.
const filter = 'preset=9e,nice=273,lc=4,lp=0,pb=0'

export const pack = (bytes) =>
  execFileSync('xz', ['--format=raw', `--lzma1=${filter}`, '--stdout'], { input: bytes })
