import axe, { type AxeResults } from 'axe-core'
import type { Page as Tab } from 'playwright-core'
import { expect } from 'vitest'
import { headline } from './session.ts'

/** All rules of axe, including those that are off by default: WCAG 2.2 up to AA, and good practice. */
const options = {
  resultTypes: ['violations', 'incomplete'],
  rules: { 'target-size': { enabled: true } },
  // The pages have no external style sheets.
  preload: false,
}

/** Loads axe as the developer tools do, which the content security policy does not block. The page does not change. */
export function loadAxe(tab: Tab): Promise<void> {
  return tab.evaluate(axe.source)
}

/** The rules that axe finds broken or cannot check, with their elements. Needs `loadAxe`. */
export async function barriers(tab: Tab): Promise<readonly string[]> {
  const results: Pick<AxeResults, 'violations' | 'incomplete'> = await tab.evaluate(
    `axe.run(${JSON.stringify(options)})`,
  )
  return [...results.violations, ...results.incomplete].map(
    ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html }) => `  ${html}`).join('\n')}`,
  )
}

/** Fails if axe finds anything, or if the page is wider than the screen. */
export async function expectGoodPage(tab: Tab): Promise<void> {
  await loadAxe(tab)
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.emulateMedia({ colorScheme })
    expect(await barriers(tab), `${await headline(tab)}, ${colorScheme}`).toEqual([])
  }
  const { width } = tab.viewportSize() ?? { width: 0 }
  expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
}
