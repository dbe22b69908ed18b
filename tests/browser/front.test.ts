import { expect, test } from 'vitest'
import { expectGoodPage } from './axe.ts'
import { withPerson } from './person.ts'
import { worldForTests } from './world.ts'

const world = worldForTests()

test('the front page copies the address and each command, and its links open the apps', () =>
  withPerson(
    world.browser,
    async ({ tab }) => {
      await tab.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await tab.goto(world.stack.url)
      const copied = () => tab.evaluate(() => navigator.clipboard.readText())
      const buttons = tab.getByRole('button', { name: 'Copy' })
      const texts = await tab.locator('[data-copy]:visible').allInnerTexts()
      expect(await buttons.filter({ visible: true }).count()).toBe(texts.length)
      for (const [index, text] of texts.entries()) {
        await tab.locator('.copy:visible').nth(index).click()
        await tab.getByRole('button', { name: 'Copied' }).first().waitFor()
        expect(await copied()).toBe(text.trim())
      }
      expect(texts[0]).toBe(world.stack.mcpUrl)
      const apps = tab.getByRole('link', { name: /^Add to / })
      const schemes = await apps.evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).protocol))
      expect(schemes).toEqual(['cursor:', 'vscode:', 'lmstudio:'])
      await expectGoodPage(tab)
    },
    { baseURL: world.stack.url },
  ))

test('without JavaScript the front page has everything but the buttons that copy', () =>
  withPerson(
    world.browser,
    async ({ tab }) => {
      await tab.goto(world.stack.url)
      expect(await tab.getByRole('button').count()).toBe(0)
      expect(await tab.locator('[data-copy]').first().innerText()).toBe(world.stack.mcpUrl)
    },
    { javaScriptEnabled: false },
  ))
