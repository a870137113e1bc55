// How far the layers of a model are from those of another, as reports have it.

import type { Report } from 'lowbit'

export interface LayerNoise {
  readonly name: string
  readonly op: string
  /** With every layer up to this one quantized; null where it is no number: outputs that are equal have no noise. */
  readonly sqnr_db: number | null
}

export const layersOf = ({ layers }: Report): LayerNoise[] =>
  layers.map(({ name, op, accumulated: { sqnrDb } }) => ({
    name,
    op,
    sqnr_db: Number.isFinite(sqnrDb) ? sqnrDb : null,
  }))
