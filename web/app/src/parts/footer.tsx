import { backend } from '../job'

const tierNames = {
  relaxed: 'WebAssembly relaxed SIMD',
  simd128: 'WebAssembly SIMD',
  reference: 'reference (no SIMD)',
}

export function Footer() {
  const running = backend.value
  return (
    <footer class="site-footer">
      {running && (
        <p>
          <span class="badge">{tierNames[running.tier]}</span> These kernels run{' '}
          {running.thread === 'worker' ? 'in a worker' : 'in the page’s own thread'}.{' '}
          {running.reason}
        </p>
      )}
      <p>
        Lowbit is open source under the MIT licence. Models, images and your own files stay in this
        browser; nothing is uploaded. Test images: MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0) and
        Fashion-MNIST (Zalando; MIT).
      </p>
    </footer>
  )
}
