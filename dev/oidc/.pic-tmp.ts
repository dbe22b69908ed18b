import { startOpenIdProvider } from '/work/main/dev/oidc/provider.ts'
import { launchBrowser } from '/work/main/tests/browser/chromium.ts'
const p = await startOpenIdProvider({ port: 0, redirectUris: ['http://localhost:8888/mcp/callback'] })
const u = `${p.issuer}/auth?client_id=local-broker&redirect_uri=${encodeURIComponent('http://localhost:8888/mcp/callback')}&response_type=code&scope=openid&state=s&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`
const b = await launchBrowser()
const msgs: string[] = []
for (const [name, w, scheme] of [['desk', 1000, 'light'], ['phone', 340, 'dark']] as const) {
  const c = await b.newContext({ viewport: { width: w, height: 640 }, colorScheme: scheme })
  const pg = await c.newPage(); pg.on('console', (m) => msgs.push(m.text()))
  await pg.goto(u); await pg.screenshot({ path: `/tmp/signin-${name}.png` })
  console.log(name, await pg.evaluate(() => document.documentElement.scrollWidth), pg.url())
  if (name === 'phone') {
    await pg.fill('#email', 'a@b'); await pg.click('button.primary'); await pg.waitForLoadState(); await pg.screenshot({ path: '/tmp/signin-error.png' })
    await pg.fill('#email', 'ada@example.com')
    let back = ''; await pg.route('**/mcp/callback**', (r) => { back = r.request().url(); return r.fulfill({ body: 'ok' }) })
    await pg.click('button.primary'); await pg.waitForURL('**/mcp/callback**'); console.log(back)
  }
}
console.log(msgs)
await b.close(); await p.stop()
