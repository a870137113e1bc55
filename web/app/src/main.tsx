import { render } from 'preact'
import { startLowbit } from './job'
import { Page } from './page'
import './styles/base.css'
import './styles/controls.css'
import './styles/setup.css'
import './styles/results.css'
import './styles/images.css'

const root = document.getElementById('app')
if (root) render(<Page />, root)
// Early, so that the page can say which kernels run. Pressing the button tries again and shows what is wrong.
startLowbit().catch(() => undefined)
