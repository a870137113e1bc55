import type { LowbitError } from 'lowbit'

/** What went wrong, where it happened: message, place, code. */
export function Failure({ error }: { error: LowbitError }) {
  const message = error.message.charAt(0).toUpperCase() + error.message.slice(1)
  return (
    <div class="failure" role="alert">
      <p>{message}</p>
      <p class="failure-detail">
        <code>{error.code}</code>
        {error.where && (
          <>
            {' '}
            at <code>{error.where}</code>
          </>
        )}
      </p>
    </div>
  )
}
