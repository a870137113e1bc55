// Failures that more than one part of the library reports.

import { LowbitError } from './types.js'

export const disposed = (what: string) =>
  new LowbitError('DISPOSED', `${what} was disposed of`, what)

export const notHere = () =>
  new LowbitError(
    'UNSUPPORTED_FEATURE',
    'a model can be bound in the thread of its caller only: createLowbit({ worker: false })',
    'worker',
  )

export const aborted = (cause?: unknown) =>
  new LowbitError('ABORTED', 'the call was aborted', '', { cause })
