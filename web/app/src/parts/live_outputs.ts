import { type Signal, useSignal } from '@preact/signals'
import type { LowbitError } from 'lowbit'
import { useEffect } from 'preact/hooks'
import { asLowbitError, type Outputs, type Result, runBoth } from '../job'

export interface LiveOutputs {
  readonly outputs: Outputs | null
  readonly error: LowbitError | null
}

/**
 * What both models say of `pixels`, for as long as that changes. One run at a time: an image that arrives during a run
 * waits, and a newer one takes its place.
 */
export function useOutputs(result: Result, pixels: Signal<Float32Array | null>): LiveOutputs {
  const live = useSignal<LiveOutputs>({ outputs: null, error: null })
  useEffect(() => {
    let isBusy = false
    let isEnded = false
    const update = async () => {
      if (isBusy) return
      isBusy = true
      for (let next = pixels.value; !isEnded; next = pixels.value) {
        let latest: LiveOutputs = { outputs: null, error: null }
        try {
          if (next) latest = { outputs: await runBoth(result, next), error: null }
        } catch (error) {
          latest = { outputs: null, error: asLowbitError(error) }
        }
        if (isEnded) return
        live.value = latest
        if (next === pixels.value) break
      }
      isBusy = false
    }
    const unsubscribe = pixels.subscribe(() => void update())
    return () => {
      isEnded = true
      unsubscribe()
    }
  }, [result, pixels, live])
  return live.value
}
