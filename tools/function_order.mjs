// Puts functions of WebAssembly, as text, in an order in which they compress better: gzip finds repetitions no further back than
// 32 KB, and any program spends fewer bits on near ones. After each function comes the one of whose lines the largest share has
// just been seen.

/** How many lines in a row count as one thing that is seen. */
const lineCount = 3
/** How many lines back count as just now: some 20 KB of the binary. */
const recentLines = 8000
/** What more functions have is near in any order. */
const mostOwners = 64
/** Counted in with each function's own lines: else the shortest, which say little, came first. */
const extraLines = 16

const header = /^(?= \(func )/m
/** Brackets and declarations leave no trace in a binary, or little. */
const isSubstance = (line) => line !== ')' && !line.startsWith('(local $')

/** The functions' indices, in the new order. */
function order(functions) {
  const lines = functions.map((text) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter(isSubstance)
      .slice(1),
  )
  const ownersOf = new Map()
  for (const [index, own] of lines.entries()) {
    for (let i = 0; i + lineCount <= own.length; i++) {
      const piece = own.slice(i, i + lineCount).join()
      const owners = ownersOf.get(piece) ?? new Set()
      ownersOf.set(piece, owners.add(index))
    }
  }
  /** Of each function, the owners of each of its pieces. */
  const shared = functions.map(() => [])
  for (const owners of ownersOf.values()) {
    if (owners.size > mostOwners) continue
    for (const index of owners) shared[index].push(owners)
  }

  const seen = new Map()
  /** How many pieces of each function are in recent ones. */
  const seenOf = functions.map(() => 0)
  const count = (index, change) => {
    for (const owners of shared[index]) {
      const before = seen.get(owners) ?? 0
      seen.set(owners, before + change)
      if (before > 0 && before + change > 0) continue
      for (const owner of owners) seenOf[owner] += change
    }
  }
  const share = (index) => seenOf[index] / (lines[index].length + extraLines)

  const left = new Set(functions.keys())
  const ordered = []
  let recent = 0
  let oldest = 0
  while (left.size > 0) {
    let next = -1
    for (const index of left) if (next < 0 || share(index) > share(next)) next = index
    left.delete(next)
    ordered.push(next)
    count(next, 1)
    recent += lines[next].length
    for (; recent > recentLines && ordered[oldest] !== next; oldest++) {
      count(ordered[oldest], -1)
      recent -= lines[ordered[oldest]].length
    }
  }
  return ordered
}

/** The text of a module, as Binaryen prints it, with its functions in the new order. */
export function orderFunctions(module) {
  const end = module.lastIndexOf(')')
  const [start, ...functions] = module.slice(0, end).split(header)
  return [start, ...order(functions).map((index) => functions[index]), module.slice(end)].join('')
}
