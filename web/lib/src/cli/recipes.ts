// The recipe that a command line asks for. What its fields may be is for the library to say.

import type { Recipe } from 'lowbit'
import type { Arguments, Options } from './arguments.js'
import { about, Failure, failUsage, toFailure } from './failures.js'
import { readInput } from './files.js'

export const recipeOptions = {
  weights: { value: 'BITS', help: 'of the weights: 8, or 2 to 7' },
  activations: { value: 'BITS', help: 'of the activations: 8, 2 to 7, or float' },
  granularity: {
    value: 'WHICH',
    help: 'which weights share a scale: channel, tensor, group:32, group:64 or group:128',
  },
  observer: {
    value: 'WHICH',
    help: 'how ranges are chosen: minmax, moving-average, percentile, mse or entropy',
  },
  correct: {
    value: 'LIST',
    help: 'of equalize, bias, and adaround or gptq; none takes back those of a recipe',
  },
  recipe: { value: 'FILE', help: 'a recipe as JSON, which the options above overrule' },
  seed: { value: 'NUMBER', help: 'of all that is drawn at random: 0' },
} as const satisfies Options

/** The option that sets a field. */
const optionOf: Readonly<Record<string, string>> = {
  'weights.bits': 'weights',
  'weights.granularity': 'granularity',
  'weights.rounding': 'correct',
  'activations.bits': 'activations',
  'activations.observer': 'observer',
  equalize: 'correct',
  correctBias: 'correct',
  seed: 'seed',
}

async function readRecipeFile(file: string): Promise<Recipe> {
  const text = new TextDecoder().decode(await readInput(file))
  let recipe: unknown
  try {
    recipe = JSON.parse(text)
  } catch (cause) {
    throw new Failure('INVALID_ARGUMENT', `${file}: ${(cause as Error).message}`, file)
  }
  if (typeof recipe === 'object' && recipe !== null && !Array.isArray(recipe)) return recipe
  throw new Failure('INVALID_ARGUMENT', `${file}: a recipe is an object`, file)
}

const corrections = ['equalize', 'bias', 'adaround', 'gptq']

function readCorrections(text: string) {
  const chosen = text === 'none' ? [] : text.split(',')
  for (const name of chosen) {
    if (!corrections.includes(name)) {
      failUsage('--correct', `takes a list of ${corrections.join(', ')}, not "${name}"`)
    }
  }
  const roundings = (['adaround', 'gptq'] as const).filter((name) => chosen.includes(name))
  if (roundings.length > 1) failUsage('--correct', 'takes one of adaround and gptq')
  return {
    equalize: chosen.includes('equalize'),
    correctBias: chosen.includes('bias'),
    rounding: roundings[0] ?? ('nearest' as const),
  }
}

/** The fields that are set. */
const given = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** Errors: INVALID_ARGUMENT, FILE_FAILED. */
export async function readRecipe(args: Arguments): Promise<Recipe> {
  const file = args.text('recipe')
  const base = file === undefined ? {} : await readRecipeFile(file)
  const list = args.text('correct')
  const { rounding, ...correct } = list === undefined ? {} : readCorrections(list)
  const bits = args.text('activations')
  const weights = given({
    bits: args.number('weights', 2),
    granularity: args.text('granularity'),
    rounding,
  })
  const activations = given({
    bits: bits === 'float' ? bits : args.number('activations', 2),
    observer: args.text('observer'),
  })
  return {
    ...base,
    ...correct,
    ...given({ seed: args.number('seed', 0) }),
    weights: { ...base.weights, ...weights },
    activations: { ...base.activations, ...activations },
  }
}

/** Does `work` on a model's file; an error of the recipe names the option or the file that the field came from. */
export async function withRecipe<T>(
  args: Arguments,
  file: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message, where } = toFailure(error)
    const isRecipe = code === 'INVALID_ARGUMENT'
    const option = optionOf[where]
    if (isRecipe && option !== undefined && args.isSet(option)) {
      throw new Failure(code, `--${option}: ${message}`, `--${option}`)
    }
    const recipe = isRecipe ? args.text('recipe') : undefined
    return about(recipe ?? file, () => Promise.reject(error))
  }
}
