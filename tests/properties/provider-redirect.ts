import assert from 'node:assert/strict'
import { expectNothingOfTheirs, replying } from './callback.ts'
import { soundAnswer } from './invariants.ts'
import { property } from './property.ts'
import { place } from './upstream/place.ts'
import { goodReplies, type Replies } from './upstream/provider.ts'
import { discoveryReply } from './upstream/reply.ts'

export const providerRedirects = property({
  name: 'approval: for any metadata of the OpenID Provider, a redirect to its sign-in or an error page, and no sign-in is lost',
  cases: 150,
  values: replying(discoveryReply),
  async holds(discovery) {
    const { provider, forget } = await place()
    forget()
    const first = await approve({ ...goodReplies, discovery })
    if (discovery.reply.kind === 'good') assert.notEqual(first, null, 'an error page although the metadata are good')
    // The server does not remember metadata that it could not use.
    const second = await approve(goodReplies)
    assert(second && (first !== null || second.startsWith(`${provider.issuer}authorize?`)), `${second}`)
  },
})

/** @returns the URL of the redirect; `null`: a page says that the provider cannot be reached */
async function approve(replies: Replies): Promise<string | null> {
  const { provider, server, waiting } = await place()
  const [mine] = waiting
  assert(mine)
  provider.replies = replies
  provider.asked.length = 0
  server.log.length = 0
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    origin: server.issuer,
    cookie: mine.browserCookie,
  }
  const body = new URLSearchParams({ request: mine.form, action: 'approve' })
  const answer = await soundAnswer(await server.fetch('/oauth/approve', { method: 'POST', headers, body }), true)
  expectNothingOfTheirs(answer, server)
  const location = answer.headers.get('location')
  if (location === null) {
    assert.deepEqual([answer.status, answer.headers.getSetCookie()], [503, []])
    return null
  }
  const { protocol, searchParams } = new URL(location)
  assert(protocol === 'https:' || protocol === 'http:', location)
  const once = ['response_type', 'client_id', 'redirect_uri', 'scope', 'nonce', 'code_challenge', 'state']
  for (const name of once) assert.equal(searchParams.getAll(name).length, 1, name)
  assert(answer.headers.getSetCookie()[0]?.startsWith(`__Host-tx.${searchParams.get('state')}=`))
  return location
}
