import type { ComponentChildren } from 'preact'

interface ChoicesProps<Value extends string | number> {
  readonly name: string
  readonly legend: string
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly value: Value
  readonly onChange: (value: Value) => void
  /** One sentence about what is chosen. */
  readonly children: ComponentChildren
}

/** A row of radio buttons with what the chosen one means. */
export function Choices<Value extends string | number>(props: ChoicesProps<Value>) {
  const { name, legend, options, value, onChange, children } = props
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      <div class="segments">
        {options.map((option) => (
          <label key={option.value} class="segment">
            <input
              type="radio"
              name={name}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      <p class="explanation">{children}</p>
    </fieldset>
  )
}
