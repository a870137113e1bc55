import { defineConfig } from 'vite'

// Observable Plot puts one constant style sheet into each chart; its hash admits that and no other. The browser test
// that finds a clean console fails when a new release of Plot changes it.
const plotStyles = "'sha256-aJZPKgAkv2ilOeHSXhyXGydF4Wl633skpmGDa1A1MHs='"

const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  `style-src 'self' ${plotStyles}`,
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

// Only in the built page: the development server injects styles, which the policy forbids.
const contentSecurityPolicy = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
      injectTo: 'head-prepend',
    },
  ],
}

export default defineConfig({
  base: './',
  plugins: [contentSecurityPolicy],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Assets stay files: the policy lets no data: address be fetched.
    assetsInlineLimit: 0,
    // Preloading of modules would only help a page of many.
    modulePreload: false,
    chunkSizeWarningLimit: 700,
  },
})
