import type { Page as Tab } from 'playwright-core'
import { expect, test } from 'vitest'
import { pageForTests } from './listen.ts'
import { withPerson } from './person.ts'
import { approveButton, enterEmail, press, startSession } from './session.ts'
import { worldForTests } from './world.ts'

/**
 * A web client that opens the sign-in in a popup. Its callback page gives the answer to the page that opened the popup, and closes
 * itself.
 */
const clientPage = `<!doctype html><title>Web client</title><link rel="icon" href="data:,">
<button>Connect</button><output></output>
<script>
  if (location.pathname === '/callback') {
    opener.postMessage(location.search, location.origin)
    close()
  } else {
    const start = decodeURIComponent(location.hash.slice(1))
    document.querySelector('button').onclick = () => {
      const popup = open(start, 'sign-in', 'popup,width=520,height=720')
      const watch = setInterval(() => { if (popup.closed) { clearInterval(watch); document.title = 'The popup has closed' } }, 50)
    }
    addEventListener('message', ({ data, origin }) => {
      if (origin === location.origin) document.querySelector('output').textContent = data
    })
  }
</script>`

const client = pageForTests(clientPage)
const world = worldForTests()

/** Opens the client and presses its button. Returns the popup. */
async function connect(tab: Tab, url: string): Promise<Tab> {
  await tab.goto(`http://127.0.0.1:${client.port}/#${encodeURIComponent(url)}`)
  const [popup] = await Promise.all([tab.waitForEvent('popup'), tab.getByRole('button', { name: 'Connect' }).click()])
  return popup
}

const newSession = () => startSession(world.stack.url, { redirectUri: `http://127.0.0.1:${client.port}/callback` })

test('a web client whose popup goes through the sign-in gets the answer from it, and the popup closes [F-004-14]', async () => {
  const session = await newSession()
  await withPerson(world.browser, async ({ tab }) => {
    const popup = await connect(tab, session.url)
    await press(approveButton(popup))
    await enterEmail(popup)
    await tab.waitForFunction('document.querySelector("output").textContent !== ""')
    const answer = new URLSearchParams(await tab.getByRole('status').innerText())
    expect([answer.get('state'), answer.get('iss')]).toEqual([session.state, world.stack.url])
    expect(await session.redeem(answer)).toBe(200)
    await tab.waitForFunction('document.title === "The popup has closed"')
  })
})

test('the account pages have no opener: a page that opens them cannot reach them', async () => {
  await withPerson(world.browser, async ({ tab }) => {
    const popup = await connect(tab, `${world.stack.url}/account`)
    await popup.waitForLoadState()
    expect(await popup.evaluate('opener')).toBeNull()
  })
})
