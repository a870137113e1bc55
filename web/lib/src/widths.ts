// Recipes whose layers have widths of their own.

import type { Bits, LayerRecipe, Recipe } from './types.js'

/** The recipe with a width of its own for each of the layers. */
export function withBits(recipe: Recipe, names: readonly string[], bits: readonly Bits[]): Recipe {
  const layers: Record<string, LayerRecipe> = { ...recipe.layers }
  names.forEach((name, index) => {
    const own = layers[name]
    layers[name] = { ...own, weights: { ...own?.weights, bits: bits[index] ?? 8 } }
  })
  return { ...recipe, layers }
}
