import type { Locator, Page as Tab } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { pageForTests } from './listen.ts'
import { type Person, withPerson } from './person.ts'
import {
  answerTo,
  approveButton,
  confirmButton,
  enterEmail,
  headline,
  openAppButton,
  pointerSettles,
  press,
  type Session,
  startSession,
} from './session.ts'
import { worldForTests } from './world.ts'

/**
 * Asks the visitor to click twice on one place. The first click opens a window there, which covers this page while this
 * page goes to another URL. The window closes when the mouse is pressed, so that the second click reaches the page below.
 */
const trap = `<!doctype html><title>Prize</title><link rel="icon" href="data:,">
<button style="position:fixed;inset:0;width:100%">Click here twice</button>
<script>
  const target = new URLSearchParams(location.hash.slice(1))
  if (target.has('cover')) {
    opener.location = target.get('cover')
    addEventListener('mousedown', () => close())
  } else document.querySelector('button').onclick = () => open('/#cover=' + encodeURIComponent(target.get('at')), '', 'popup')
</script>`

const trapSite = pageForTests(trap)
const world = worldForTests()

async function middleOf(button: Locator): Promise<[number, number]> {
  const box = await button.boundingBox()
  if (box === null) throw new Error('The button is not visible')
  return [box.x + box.width / 2, box.y + box.height / 2]
}

/** Milliseconds. Longer than the delay after which a button of our pages accepts a click. */
const longEnough = 3_000

/** A visitor of the trap over `url` clicks twice at the place of `button`. */
async function walkIntoTrap({ tab, context }: Person, url: string, button: Locator, move: boolean): Promise<void> {
  await tab.goto(url)
  const at = await middleOf(button)
  await tab.goto(`http://127.0.0.1:${trapSite.port}/#at=${encodeURIComponent(url)}`)
  const [cover] = await Promise.all([context.waitForEvent('page'), tab.mouse.click(...at)])
  await button.waitFor()
  await tab.waitForTimeout(longEnough)
  const closed = cover.waitForEvent('close')
  await cover.mouse.move(...at)
  await cover.mouse.down().catch(() => undefined)
  await closed
  if (move) await tab.mouse.move(at[0] + 1, at[1] + 1)
  await tab.mouse.down()
  await tab.mouse.up()
}

describe('two clicks on a page that covers ours and disappears between them [C-08 N14]', () => {
  test.each([
    ['and the mouse moves a little', true],
    ['and the mouse does not move', false],
  ])('do not approve: %s', async (_, move) => {
    const session = await startSession(world.stack.url, world.clients.loopback)
    await withPerson(world.browser, async (person) => {
      const { tab } = person
      await walkIntoTrap(person, session.url, approveButton(tab), move)
      await settled(tab)
      expect(await headline(tab)).toContain('Connect')
      expect(person.posted).toEqual([])
    })
  })

  test('do not hinder a user who wants to approve: the next click works', async () => {
    const session = await startSession(world.stack.url, world.clients.loopback)
    await withPerson(world.browser, async (person) => {
      const { tab } = person
      await walkIntoTrap(person, session.url, approveButton(tab), true)
      await press(approveButton(tab))
      await enterEmail(tab)
      expect(await session.redeem(await answerTo(world.clients.loopback, tab))).toBe(200)
    })
  })
})

/** Every page with a button that grants something, and how the user gets there. */
const pages = [
  ['the consent page', 'loopback', approveButton, async () => {}],
  [
    'the confirmation',
    'web',
    confirmButton,
    async (tab: Tab) => {
      await press(approveButton(tab))
      await enterEmail(tab)
    },
  ],
] as const

describe.each(pages)('%s', (_name, kind, button, reach) => {
  const at = async (person: Person) => {
    const session = await startSession(world.stack.url, world.clients[kind])
    await person.tab.goto(session.url)
    await reach(person.tab)
    await button(person.tab).waitFor()
    return { session, posts: person.posted.length }
  }

  test('ignores a click of a pointer that has just arrived, also a double click, and accepts one a moment later [C-08 N14]', () =>
    withPerson(world.browser, async (person) => {
      const { tab } = person
      const { session, posts } = await at(person)
      const place = await middleOf(button(tab))
      await tab.mouse.move(1, 1)
      await tab.mouse.click(...place, { clickCount: 2, delay: 20 })
      await settled(tab)
      expect(person.posted).toHaveLength(posts)
      await pointerSettles(tab)
      await tab.mouse.click(...place)
      await finish(person, kind, session)
    }))

  test.each(['Enter', 'Space'])('accepts %s at once, with or without a pointer', (key) =>
    withPerson(world.browser, async (person) => {
      const { session } = await at(person)
      await button(person.tab).focus()
      await person.tab.keyboard.press(key)
      await finish(person, kind, session)
    }),
  )

  test('accepts a press by assistive technology, which has no pointer, at once', () =>
    withPerson(world.browser, async (person) => {
      const { session } = await at(person)
      await person.tab.mouse.move(...(await middleOf(button(person.tab))))
      await button(person.tab).dispatchEvent('click')
      await finish(person, kind, session)
    }))

  test('accepts the first tap of a finger at once', () =>
    withPerson(
      world.browser,
      async (person) => {
        const { session } = await at(person)
        const place = await middleOf(button(person.tab))
        await person.tab.touchscreen.tap(...place)
        await finish(person, kind, session)
      },
      { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } },
    ))
})

test('the button that makes a code for an app and opens the app waits for the pointer too [C-08]', () =>
  withPerson(world.browser, async (person) => {
    const { tab } = person
    const { app } = world.clients
    const session = await startSession(world.stack.url, app)
    await tab.goto(session.url)
    await press(approveButton(tab))
    await enterEmail(tab)
    await openAppButton(tab).waitFor()
    const place = await middleOf(openAppButton(tab))
    const posts = person.posted.length
    await tab.mouse.move(1, 1)
    await tab.mouse.click(...place, { clickCount: 2, delay: 20 })
    await settled(tab)
    expect(person.posted).toHaveLength(posts)
    await pointerSettles(tab)
    const answer = await answerTo(app, tab, () => tab.mouse.click(...place))
    expect(await session.redeem(answer)).toBe(200)
  }))

async function finish(person: Person, kind: 'loopback' | 'web', session: Session): Promise<void> {
  if (kind === 'loopback') await enterEmail(person.tab)
  expect(await session.redeem(await answerTo(world.clients[kind], person.tab))).toBe(200)
}

/** Waits until a navigation would have begun. */
const settled = async (tab: Tab) => {
  await tab.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  await tab.waitForLoadState()
}
