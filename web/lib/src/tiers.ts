// Which kernels run, in the words of the API. The kernels' own names are those of src/kernels/tier.h.

import type { KernelTier } from './raw.js'
import type { DotProduct, Tier } from './types.js'

interface Description {
  readonly tier: Tier
  readonly dot?: DotProduct
  /** Why it runs, where nothing stood in the way. */
  readonly reason: string
}

const relaxed = (dot: DotProduct, sentence: string): Description => ({
  tier: 'relaxed',
  dot,
  reason: `This engine runs relaxed SIMD, the fastest kernels there are. ${sentence}`,
})

/** One for each name in tier.h; a test compares both lists. */
export const descriptions: Readonly<Record<KernelTier, Description>> = {
  reference: {
    tier: 'reference',
    reason: 'The tier option asked for the plain loops that define what is right.',
  },
  simd128: {
    tier: 'simd128',
    reason: 'The tier option asked for SIMD128, which every engine has.',
  },
  relaxed: relaxed('none', 'Its dot products are not exact, so integers use those of simd128.'),
  relaxed_u: relaxed('unsigned', 'Its dot products of signed by unsigned bytes are exact.'),
  relaxed_s: relaxed('signed', 'Its dot products of signed by signed bytes are exact.'),
  relaxed_p: relaxed('pairs', 'Its dot products are exact while no two products leave 16 bits.'),
}

/** Why simd128 runs although relaxed SIMD would be faster. */
export const fallbackReason = (obstacle: string) => `No faster kernels run here: ${obstacle}.`

/** The kernels of a relaxed class. */
export const kernelTierOf = (dot: DotProduct) =>
  (Object.keys(descriptions) as KernelTier[]).find((name) => descriptions[name].dot === dot)
