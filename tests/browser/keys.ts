import type { Page as Tab } from 'playwright-core'
import { expect } from 'vitest'
import { contrast } from '../../lib/pages/color.ts'
import { focusOf } from './measure.ts'

/** Goes with the Tab key from stop to stop, checks the focus each time, and presses Enter on the last. */
export async function enterOn(tab: Tab, stops: readonly string[]): Promise<void> {
  await tab.getByRole('heading', { level: 1 }).waitFor()
  for (const name of stops) {
    await tab.keyboard.press('Tab')
    const focus = await focusOf(tab)
    expect(focus).toMatchObject({ name, ring: 3, onScreen: true })
    // WCAG 2.2, 1.4.11.
    expect(contrast(focus.color, focus.background)).toBeGreaterThanOrEqual(3)
  }
  await tab.keyboard.press('Enter')
}

/** A script that makes the test fail if a page gets any event of a mouse or finger. */
export const noMouse = `for (const type of ['pointerdown', 'mousedown', 'touchstart']) {
  document.addEventListener(type, () => complain(type), { capture: true })
}`
