export default {
  // Vite would bundle the package without its worker and its WebAssembly.
  optimizeDeps: { exclude: ['lowbit'] },
  worker: { format: 'es' },
  // The model lies beside this folder.
  server: { fs: { allow: ['..'] } },
}
