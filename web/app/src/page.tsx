import { result } from './job'
import { BitsFigure } from './parts/bits_figure'
import { Footer } from './parts/footer'
import { Gallery } from './parts/gallery'
import { Header } from './parts/header'
import { Layers } from './parts/layers'
import { Setup } from './parts/setup'
import { Try } from './parts/try'
import { Verdict } from './parts/verdict'

export function Page() {
  const shown = result.value
  return (
    <>
      <Header />
      <main>
        <div class="hero">
          <div>
            <h1>What happens when a neural network’s numbers get fewer bits?</h1>
            <p class="lede">
              Every weight of these networks is a 32-bit number. Press one button and this page
              rounds them all to 8 bits, then runs both versions on 2,000 images that neither has
              ever seen. All of it happens in your browser.
            </p>
          </div>
          <BitsFigure />
        </div>
        <Setup />
        {shown && (
          <div key={shown.int8Bytes}>
            <Verdict result={shown} />
            <Layers result={shown} />
            <Gallery result={shown} />
            <Try result={shown} />
          </div>
        )}
      </main>
      <Footer />
    </>
  )
}
