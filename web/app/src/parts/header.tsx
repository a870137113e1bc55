import { isDark, toggleTheme } from '../state'

export function Header() {
  return (
    <header class="site-header">
      <a class="wordmark" href="./" aria-label="Lowbit, the quantization playground">
        <svg viewBox="0 0 16 16" width="22" height="22" aria-hidden="true">
          <path d="M0 0h7v7H0zM9 9h7v7H9z" fill="currentColor" />
          <path d="M9 0h7v7H9zM0 9h7v7H0z" fill="currentColor" opacity=".28" />
        </svg>
        lowbit
      </a>
      <button type="button" class="quiet" aria-pressed={isDark.value} onClick={toggleTheme}>
        Dark theme
      </button>
    </header>
  )
}
