import type { Locator, Page as Tab } from 'playwright-core'
import { describe, expect, test } from 'vitest'
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
  startSession,
} from './session.ts'
import { worldForTests } from './world.ts'

const world = worldForTests()

/** The paths of the broker that forms were posted to. */
const postedToUs = ({ posted }: Person) =>
  posted.filter((url) => url.startsWith(world.stack.url)).map((url) => new URL(url).pathname)

/** Clicks twice at one place. The second click follows when `between` has settled, whatever the page shows then. */
async function clickTwice(tab: Tab, button: Locator, between: () => Promise<unknown>): Promise<void> {
  const box = await button.boundingBox()
  if (box === null) throw new Error('The button is not visible')
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await tab.mouse.move(x, y)
  await pointerSettles(tab)
  await tab.mouse.click(x, y)
  await between()
  await tab.mouse.click(x, y)
}

describe('a button that is pressed twice posts once, and the sign-in continues', () => {
  test('a double click on the consent page', () =>
    withPerson(world.browser, async (person) => {
      const { tab } = person
      const session = await startSession(world.stack.url, world.clients.loopback)
      await tab.goto(session.url)
      await approveButton(tab).dblclick()
      await enterEmail(tab)
      expect(await session.redeem(await answerTo(world.clients.loopback, tab))).toBe(200)
      expect(postedToUs(person)).toEqual(['/oauth/approve'])
    }))

  test('on the consent page, while a slow network holds the first request', () =>
    withPerson(world.browser, async (person) => {
      const { tab, context } = person
      const session = await startSession(world.stack.url, world.clients.loopback)
      const held = Promise.withResolvers<() => Promise<void>>()
      await context.route('**/oauth/approve', (route) => held.resolve(() => route.continue()))
      await tab.goto(session.url)
      await clickTwice(tab, approveButton(tab), () => held.promise)
      const letGo = await held.promise
      await letGo()
      await enterEmail(tab)
      expect(await session.redeem(await answerTo(world.clients.loopback, tab))).toBe(200)
      expect(postedToUs(person)).toEqual(['/oauth/approve'])
    }))

  test('on the confirmation page, while a slow client delays its answer', () =>
    withPerson(world.browser, async (person) => {
      const { tab } = person
      const session = await startSession(world.stack.url, world.clients.web)
      await tab.goto(session.url)
      await press(approveButton(tab))
      await enterEmail(tab)
      await confirmButton(tab).waitFor()
      const held = world.clients.web.holdNext()
      await clickTwice(tab, confirmButton(tab), () => held)
      const letGo = await held
      letGo()
      expect(await session.redeem(await answerTo(world.clients.web, tab))).toBe(200)
      expect(postedToUs(person)).toEqual(['/oauth/approve', '/oauth/confirm'])
      expect(world.clients.web.answersTo(session.state)).toHaveLength(1)
    }))

  test('a button works again after an aborted press', () =>
    withPerson(world.browser, async ({ tab }) => {
      await tab.goto((await startSession(world.stack.url, world.clients.loopback)).url)
      const button = approveButton(tab)
      // Pressed, and released beside the button.
      await button.hover()
      await tab.mouse.down()
      await tab.mouse.move(1, 1)
      await tab.mouse.up()
      expect(await headline(tab)).toContain('Connect')
      await tab.getByRole('heading', { level: 1 }).click()
      await button.click()
      await enterEmail(tab)
    }))
})

describe('back', () => {
  test('from the OpenID Provider to the consent page: the user may approve again', () =>
    withPerson(world.browser, async ({ tab }) => {
      const session = await startSession(world.stack.url, world.clients.loopback)
      await tab.goto(session.url)
      await press(approveButton(tab))
      await tab.getByLabel('Email address').waitFor()
      await tab.goBack()
      expect(await headline(tab)).toContain('Connect')
      // The page kept the first press, and ignores the pointer until a click elsewhere ends it. Playwright clicks until then.
      await approveButton(tab).click()
      await enterEmail(tab)
      expect(await session.redeem(await answerTo(world.clients.loopback, tab))).toBe(200)
    }))

  test('after the sign-in: the browser repeats no form by itself, and the consent page asks again', () =>
    withPerson(world.browser, async (person) => {
      const { tab } = person
      const { loopback } = world.clients
      const session = await startSession(world.stack.url, loopback)
      await tab.goto(session.url)
      await press(approveButton(tab))
      await enterEmail(tab)
      const first = await answerTo(loopback, tab)
      expect(await session.redeem(first)).toBe(200)
      const posts = person.posted.length
      while (!tab.url().startsWith(`${world.stack.url}/oauth/authorize`)) await tab.goBack()
      expect(person.posted).toHaveLength(posts)
      expect(loopback.answersTo(session.state)).toHaveLength(1)
      // The user can sign in once more: another code, for another grant.
      await press(approveButton(tab))
      await expect.poll(() => loopback.answersTo(session.state).length).toBe(2)
      expect((await answerTo(loopback, tab)).get('code')).not.toBe(first.get('code'))
    }))
})

test('two tabs at once, finished in the other order: both clients get their own code', () =>
  withPerson(world.browser, async ({ tab, context }) => {
    const { loopback } = world.clients
    const other = await context.newPage()
    const started = []
    for (const each of [tab, other]) {
      const session = await startSession(world.stack.url, loopback)
      await each.goto(session.url)
      started.push({ each, session })
    }
    for (const { each } of started) await press(approveButton(each))
    for (const { each, session } of started.toReversed()) {
      await enterEmail(each)
      const answer = await answerTo(loopback, each)
      expect(answer.get('state')).toBe(session.state)
      expect(await session.redeem(answer)).toBe(200)
    }
  }))

describe('reload', () => {
  test('of the client’s own page sends no request to the broker', () =>
    withPerson(world.browser, async ({ tab, context }) => {
      const { loopback } = world.clients
      const session = await startSession(world.stack.url, loopback)
      await tab.goto(session.url)
      await press(approveButton(tab))
      await enterEmail(tab)
      const answer = await answerTo(loopback, tab)
      const asked: string[] = []
      context.on('request', (request) => asked.push(new URL(request.url()).origin))
      await tab.reload()
      expect(asked).toEqual([new URL(loopback.redirectUri).origin])
      expect(await session.redeem(answer)).toBe(200)
    }))

  test('of the page that opens the app asks again; after the app was opened it offers nothing to open', () =>
    withPerson(world.browser, async ({ tab }) => {
      const session = await startSession(world.stack.url, world.clients.app)
      await tab.goto(session.url)
      await press(approveButton(tab))
      await enterEmail(tab)
      await openAppButton(tab).waitFor()
      expect((await tab.reload())?.status()).toBe(200)
      const answer = await answerTo(world.clients.app, tab)
      await tab.reload()
      expect(await session.redeem(answer)).toBe(200)
    }))

  test('of the page that names the user asks again, and continues', () =>
    withPerson(world.browser, async ({ tab }) => {
      const session = await startSession(world.stack.url, world.clients.web)
      await tab.goto(session.url)
      await press(approveButton(tab))
      await enterEmail(tab)
      await confirmButton(tab).waitFor()
      expect((await tab.reload())?.status()).toBe(200)
      expect(await tab.getByRole('definition').first().innerText()).toContain('ada@example.com')
      await press(confirmButton(tab))
      expect(await session.redeem(await answerTo(world.clients.web, tab))).toBe(200)
    }))

  test('of a callback that the OpenID Provider delayed completes the sign-in', () =>
    withPerson(world.browser, async ({ tab }) => {
      const session = await startSession(world.stack.url, world.clients.loopback)
      await tab.goto(session.url)
      await press(approveButton(tab))
      world.stack.provider.faults.token = { kind: 'status', status: 503 }
      await enterEmail(tab)
      await tab.waitForURL(`${world.stack.url}/mcp/callback?**`)
      expect(await headline(tab)).toBe('Redpanda Cloud is not responding')
      delete world.stack.provider.faults.token
      await tab.reload()
      expect(await session.redeem(await answerTo(world.clients.loopback, tab))).toBe(200)
    }))
})

test('a sign-in approved in one browser cannot be finished in another, and still can in the first [F-02 A9]', () =>
  withPerson(world.browser, async ({ tab }) => {
    const session = await startSession(world.stack.url, world.clients.loopback)
    await tab.goto(session.url)
    // The first URL of the provider: an attacker copies it from their own browser and sends it to the victim.
    const [request] = await Promise.all([
      tab.waitForRequest((candidate) => candidate.url().startsWith(world.stack.provider.issuer)),
      press(approveButton(tab)),
    ])
    await withPerson(world.browser, async ({ tab: victim }) => {
      await victim.goto(request.url())
      await enterEmail(victim, 'victim@example.com')
      expect(await headline(victim)).toBe('This sign-in cannot be finished here')
    })
    expect(world.clients.loopback.answersTo(session.state)).toEqual([])
    await enterEmail(tab)
    expect(await session.redeem(await answerTo(world.clients.loopback, tab))).toBe(200)
  }))
