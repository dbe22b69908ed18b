import type { BrowserContext } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { pageForTests } from './listen.ts'
import { withPerson } from './person.ts'
import { answerTo, approveButton, enterEmail, headline, press, type Session, startSession } from './session.ts'
import { worldForTests } from './world.ts'

/** A page of another site. */
const elsewhere = pageForTests('<!doctype html><title>News</title><link rel="icon" href="data:,"><p>News</p>')
const world = worldForTests()

/** A hostile page at this address, with any scripts. */
const publish = (context: BrowserContext, url: string) =>
  context.route(url, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Docs</title><p>Docs</p>' }),
  )

const newSession = (): Promise<Session> => startSession(world.stack.url, world.clients.loopback)

/** Counts the refusals in the log since line `from`. */
const refusals = (from: number) =>
  world.stack.logs.slice(from).filter((line) => line.includes('a browser must navigate to this address')).length

describe('a script of the broker’s own origin, for example on the documentation site in front of it [C-08]', () => {
  test('can neither read a consent page nor post a form that it has obtained', async () => {
    const session = await newSession()
    await withPerson(world.browser, async ({ tab, context }) => {
      const docs = `${world.stack.url}/docs.html`
      await publish(context, docs)
      // The user has the page open, and the script has obtained the form in some other way.
      await tab.goto(session.url)
      const form = (await tab.locator('input[name=request]').getAttribute('value')) ?? ''
      expect(form).not.toBe('')
      await tab.goto(docs)
      const [shown, approved] = await tab.evaluate(
        async ([url = '', request = '']) => {
          const page = await fetch(url)
          const body = new URLSearchParams({ request, action: 'approve' })
          const post = await fetch('/oauth/approve', { method: 'POST', body, redirect: 'manual' })
          return [
            { status: page.status, form: (await page.text()).includes('name="request"') },
            { status: post.status, type: post.type },
          ]
        },
        [session.url, form],
      )
      expect(shown).toEqual({ status: 403, form: false })
      expect(approved).toEqual({ status: 403, type: 'basic' })
      // The user notices none of it.
      await tab.goto(session.url)
      await press(approveButton(tab))
      await enterEmail(tab)
      expect(await session.redeem(await answerTo(world.clients.loopback, tab))).toBe(200)
    })
  })

  test.each(['iframe', 'object', 'embed'])('cannot put the page into an %s', async (element) => {
    const session = await newSession()
    await withPerson(world.browser, async ({ tab, context }) => {
      await publish(context, `${world.stack.url}/docs.html`)
      await tab.goto(`${world.stack.url}/docs.html`)
      const [response] = await Promise.all([
        tab.waitForResponse((candidate) => candidate.url().includes('/oauth/authorize')),
        tab.evaluate(
          ([name = '', url = '']) => {
            const frame = document.createElement(name)
            frame.setAttribute(name === 'object' ? 'data' : 'src', url)
            document.body.append(frame)
          },
          [element, session.url],
        ),
      ])
      expect(response.status()).toBe(403)
    })
  })
})

test('an image on a web page is refused before anything is fetched or counted; a link is followed [M-14 O-11]', async () => {
  const session = await newSession()
  const from = world.stack.logs.length
  await withPerson(world.browser, async ({ tab }) => {
    await tab.goto(`http://127.0.0.1:${elsewhere.port}/`)
    await tab.evaluate(
      async ([ours = '', url = '']) => {
        const unknown = (at: number) => encodeURIComponent(`https://publisher-${at}.example/client.json`)
        const loads = Array.from(
          { length: 30 },
          (_, at) =>
            new Promise((done) => {
              const image = new Image()
              image.onerror = done
              image.src = `${ours}/oauth/authorize?response_type=code&client_id=${unknown(at)}`
            }),
        )
        await Promise.all(loads)
        const link = document.createElement('a')
        link.href = url
        document.body.append(link)
        link.click()
      },
      [world.stack.url, session.url],
    )
    await approveButton(tab).waitFor()
    expect(await headline(tab)).toContain('Connect')
  })
  await expect.poll(() => refusals(from)).toBe(30)
  const looked = world.stack.logs.slice(from).filter((line) => line.includes('publisher-'))
  expect(looked).toEqual([])
})
