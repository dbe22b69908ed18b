import { createHash } from 'node:crypto'
import type { Brand } from './brand.ts'
import { type Palette, palette, textOn } from './color.ts'

/** The text of the only `<style>` element, its CSP source (`sha256-…`), and that of the logo, if there is one. */
export interface Style {
  readonly text: string
  readonly hash: string
  readonly logo: string
  readonly colors: Palette
}

const made = new Map<string, Style>()

/**
 * Returns the style of a brand, made once for each set of colors, which are part of the text and so of the hash.
 *
 * @param more rules that only some pages need
 */
export function styleFor(brand: Brand, more = ''): Style {
  const { background, logoUrl } = brand
  const key = [brand.accentColor, background, logoUrl, more].join(' ')
  const known = made.get(key)
  if (known) return known
  const colors = palette(brand.accentColor, '#f4f2f0', '#2b2826')
  const { button, buttonText, onLight, onDark } = colors
  const accent = `:root{--button:${button};--button-text:${buttonText};--accent:${onLight}}
@media(prefers-color-scheme:dark){:root{--accent:${onDark}}}`
  const text = (accent + RULES + more + rulesOf(background)).replace(/\/\*.*?\*\//gs, '').replace(/\s*\n\s*/g, '')
  const logo = logoUrl === undefined ? '' : sourceOf(new URL(logoUrl))
  const style = { text, hash: `sha256-${createHash('sha256').update(text).digest('base64')}`, logo, colors }
  made.set(key, style)
  return style
}

/** The logo and nothing else, as a source of a content security policy. There, `;` and `,` would end it (CSP 3, 2.3.1). */
const sourceOf = ({ origin, pathname }: URL) => origin + pathname.replaceAll(';', '%3B').replaceAll(',', '%2C')

/**
 * Returns the rules of a background. There are none where no text is readable on it. On a narrow screen there is no background: the
 * card takes all of it.
 */
function rulesOf(colors: readonly string[] = []): string {
  const [from = '', to] = colors
  const text = from && textOn(colors)
  if (!text) return ''
  const background = to === undefined ? from : `linear-gradient(160deg,${from},${to}) fixed`
  return `@media(min-width:30.01rem){body{background:${background}}
.brand,footer{--accent:${text};color:${text}}}`
}

// The font: system fonts, but not `system-ui`: Windows in Chinese or Japanese draws Latin text in it with a CJK font.
//
// `settle`: another window may cover the page and vanish between two clicks. A button that has just come under the pointer
// therefore cannot be pressed. The time counts from when the pointer enters the form; a press that began earlier ends beside it.
//
// `form:has(button:focus)`: a second click, while the first one is on its way, would submit again. A click elsewhere brings the
// buttons back.
const RULES = `
:root{color-scheme:light dark;
  --page:#f4f2f0;--card:#fff;--inset:#f8f6f5;--text:#1d1a18;--muted:#5c5651;--line:#e5e1dd;--edge:#8b837c;
  --ok:#14713f;--warn:#fff6e0;--warn-line:#b27700}
@media(prefers-color-scheme:dark){:root{
  --page:#131110;--card:#1e1c1a;--inset:#282523;--text:#f3f0ee;--muted:#b8b0a9;--line:#3a3633;--edge:#857d77;
  --ok:#58c48c;--warn:#2b2414;--warn-line:#d9a531}}
*,::before,::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;
  padding:2rem 1rem;background:var(--page);color:var(--text);overflow-wrap:anywhere;
  font:1rem/1.5 -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif}
.brand,main,footer{width:100%;max-width:29rem}
.brand{display:flex;align-items:center;gap:.625rem;margin:0 0 1rem;padding:0 .25rem;font-weight:600}
.mark{flex:none;width:1.75rem;height:1.75rem;border-radius:.5rem;background:var(--button);color:var(--button-text);
  font-weight:700;line-height:1.75rem;text-align:center}
.logo{flex:none;height:1.75rem;max-width:10rem;object-fit:contain}
main{padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;
  box-shadow:0 1px 2px rgb(0 0 0/.04),0 12px 32px rgb(0 0 0/.06)}
h1{margin:0 0 1.25rem;font-size:1.5rem;line-height:1.25;font-weight:400;letter-spacing:-.01em;text-wrap:balance}
h1 b,h1.strong{font-weight:650}
.sign{width:2.75rem;height:2.75rem;margin:0 0 .875rem;padding:.625rem;border-radius:50%;background:var(--inset);color:var(--muted)}
.sign svg{display:block;width:100%;height:100%;stroke-width:2.5}
.sign.done{color:var(--ok)}
.sign.caution{background:var(--warn);color:var(--warn-line)}
h2{margin:1.25rem 0 .5rem;font-size:.875rem;line-height:1.4;font-weight:600}
p{margin:0 0 .75rem;text-wrap:pretty}
pre{margin:0 0 .75rem;white-space:pre-wrap}
a{color:inherit;text-underline-offset:.15em;text-decoration-thickness:1px}
a:hover{text-decoration-thickness:2px}
dl{margin:0;border:1px solid var(--line);border-radius:.75rem;background:var(--inset);font-size:.9375rem;line-height:1.4}
dl>div{display:flex;align-items:baseline;gap:.75rem;padding:.625rem .875rem}
dl>div+div{border-top:1px solid var(--line)}
dt{flex:none;width:6.25rem;color:var(--muted)}
dd{flex:1;min-width:0;margin:0}
dd b{font-weight:600}
.note{color:var(--muted);font-size:.8125rem}
.chip{display:inline-flex;align-items:baseline;gap:.25rem;padding:0 .4375rem;border:1px solid var(--edge);border-radius:1rem;
  color:var(--muted);font-size:.75rem;line-height:1.25rem;white-space:nowrap;vertical-align:.06em}
.chip svg{align-self:center;width:.75rem;height:.75rem;stroke-width:3}
.verified{border-color:var(--ok);color:var(--ok)}
summary{display:list-item;width:fit-content;min-height:1.5rem;color:var(--muted);font-size:.8125rem;line-height:1.5rem;cursor:pointer}
code{font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
details{display:inline-block;vertical-align:bottom;margin:0 0 0 .25rem}
details[open]{display:block;margin:0}
.warn{margin:.75rem 0 0;padding:.625rem .875rem;border-left:3px solid var(--warn-line);border-radius:.375rem;
  background:var(--warn);font-size:.875rem;line-height:1.45}
ul{margin:0;padding:0;list-style:none;font-size:.875rem;line-height:1.45}
li{display:flex;gap:.625rem;margin:0 0 .375rem}
li>span{flex:1;min-width:0}
li:has(.leave-out){margin-bottom:0}
.leave-out{display:flex;align-items:center;gap:.5rem;width:fit-content;min-height:1.5rem;color:var(--muted);cursor:pointer}
.leave-out input{flex:none;width:1rem;height:1rem;margin:0;accent-color:var(--button)}
li:has(:checked)>span>span{text-decoration:line-through;color:var(--muted)}
.ways{margin:0 0 .75rem;font-size:inherit;line-height:inherit}
.ways li{display:list-item;margin:0 0 .25rem 1.125rem;padding-left:.125rem;list-style:disc}
.ways li::marker{color:var(--muted)}
li svg{flex:none;width:1.125rem;height:1.125rem;margin-top:.08rem;color:var(--muted)}
svg{fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
.actions{margin:1.25rem 0 0}
button,.button{display:block;width:100%;min-height:3rem;padding:.6875rem 1rem;border:1px solid transparent;border-radius:.625rem;
  background:transparent;color:inherit;font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
button+button{margin-top:.625rem}
@media(hover:hover){
  .actions:hover :is(button,.button){animation:settle .8s}
  .actions:not(:hover) :is(button,.button):active{pointer-events:none}}
@keyframes settle{from{opacity:.7;pointer-events:none}to{pointer-events:none}}
form:has(button:focus:not(:focus-visible,:active)){opacity:.65;pointer-events:none}
.primary{background:var(--button);border-color:var(--accent);color:var(--button-text)}
.quiet{border-color:var(--edge)}
button:hover,.button:hover{box-shadow:0 0 0 2px var(--card),0 0 0 3px var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:.375rem}
button:focus-visible,.button:focus-visible{border-radius:.625rem}
.after{margin:1rem 0 0;font-size:.875rem;text-align:center;text-wrap:balance}
.small{margin:1.25rem 0 0;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.8125rem}
.small p{margin:0 0 .25rem}
.whole{user-select:all}
footer{display:flex;flex-wrap:wrap;justify-content:center;gap:0 1.25rem;padding:.75rem 0 0;color:var(--muted);font-size:.8125rem}
footer a{padding:.5rem 0}
@media(max-width:30rem){
  body{justify-content:flex-start;padding:.75rem 0 1rem;background:var(--card)}
  .brand,main,footer{padding-left:1.25rem;padding-right:1.25rem}
  .brand{margin:0 0 .5rem}
  main{padding-top:0;padding-bottom:0;border:0;border-radius:0;box-shadow:none}
  h1{margin-bottom:.625rem;font-size:1.3125rem}
  .sign{margin-top:1rem}
  h2{margin-top:.75rem;margin-bottom:.25rem}
  li{margin-bottom:.1875rem}
  .warn{margin-top:.625rem;padding:.5rem .75rem}
  dl>div{padding:.4375rem .75rem}
  .actions{margin-top:.5rem}}
@media(max-width:22rem){dl>div{display:block}}
@media(prefers-reduced-motion:no-preference){button,.button{transition:box-shadow .12s}}
@media print{body{background:none}main{border:0;box-shadow:none}}
`
