import { html } from './markup.ts'

/** Line drawings in the color of the text. Screen readers skip them. */
export const mail = html`<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="m3.5 7.5 8.5 6 8.5-6"/></svg>`
export const chart = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 20h16M7 16v-4m5 4V6m5 10V9"/></svg>`
export const chat = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M20 4.5H4v11.5h4V20l4.5-4H20Z"/></svg>`
export const attention = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4.5v9.5m0 5v.01"/></svg>`
export const cross = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m6 6 12 12M18 6 6 18"/></svg>`
export const tick = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m5 12.5 4.5 4.5L19 7.5"/></svg>`
