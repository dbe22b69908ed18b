import type { Log } from '../base/log.ts'
import { wellFormedJson } from '../base/well-formed.ts'
import { seeOther } from '../oauth/authorization/answer-to-client.ts'
import { readOwnForm } from '../oauth/authorization/own-form.ts'
import { accountPaths } from '../oauth/capabilities.ts'
import { PageError } from '../oauth/errors.ts'
import type { DocsBrand } from '../pages/brand.ts'
import { htmlResponse } from '../pages/html-response.ts'
import type { Privacy } from '../people/privacy/privacy.ts'
import type { Connections } from './connections.ts'
import type { SessionForms } from './forms.ts'
import { accountPage, pathsOfAccount } from './pages/account.ts'
import { allEndedPage, deletedPage, deletePage, downloadPage, signedOutPage } from './pages/data.ts'
import type { AccountRoute, OpenRoute, Visit } from './router.ts'
import type { Sessions } from './session.ts'

export interface AccountRoutesOptions {
  readonly origin: string
  readonly sessions: Sessions
  readonly connections: Connections
  readonly privacy: Pick<Privacy, 'endPerson' | 'forget' | 'disclose'>
  /** By when the data of a person who deletes it has been removed, in words. */
  readonly removal: string
  readonly log: Log
}

/** Makes the pages of `/account`. Each page is about the person who is signed in, and about no other person. */
export function accountRoutes(options: AccountRoutesOptions): readonly AccountRoute[] {
  const { origin, sessions, connections, privacy, removal, log } = options
  const page = (made: Parameters<typeof htmlResponse>[0]) => htmlResponse(made, { status: 200 })
  async function showAccount(visit: Visit): Promise<Response> {
    const { session, signal, url, seal, shown } = visit
    const { connections: all, more } = await connections.list(session.sub, signal)
    return page(
      accountPage({
        ...shown,
        person: session.person,
        connections: all.map(({ key, ...connection }) => ({ ...connection, form: seal('end', key) })),
        more,
        hasEnded: url.searchParams.get('done') === 'ended',
        isAdmin: visit.isAdmin,
        forms: { endAll: seal('end-all'), logout: seal('logout') },
      }),
    )
  }

  return [
    {
      path: accountPaths.account,
      access: 'person',
      get: showAccount,
      post: {
        async end({ session, subject, signal }) {
          await connections.end(session.sub, subject, signal)
          log('connection_ended', { sub: session.sub, by: 'person' })
          return seeOther(`${origin}${accountPaths.account}?done=ended`)
        },
        async 'end-all'({ session, signal }) {
          await privacy.endPerson(session.sub, 'ended_by_user', signal)
          log('connections_ended', { sub: session.sub, by: 'person' })
          // The fence ends this session as well: an attacker who has stolen the cookie could otherwise keep it alive.
          return seeOther(`${origin}${pathsOfAccount.signedOut}?done=all-ended`, [sessions.end()])
        },
      },
    },
    {
      path: pathsOfAccount.download,
      access: 'person',
      recent: true,
      get: ({ session, seal, shown }) =>
        page(downloadPage({ ...shown, person: session.person, form: seal('download') })),
      post: {
        async download({ session, signal }) {
          const held = await privacy.disclose(session.sub, signal)
          log('person_disclosed', { sub: session.sub, by: 'person' })
          return new Response(wellFormedJson(JSON.stringify(held, null, 2)), {
            headers: {
              'content-type': 'application/json; charset=utf-8',
              'content-disposition': 'attachment; filename="my-data.json"',
              'cache-control': 'no-store',
              'cross-origin-resource-policy': 'same-origin',
            },
          })
        },
      },
    },
    {
      path: pathsOfAccount.delete,
      access: 'person',
      recent: true,
      get: ({ session, seal, shown }) =>
        page(deletePage({ ...shown, person: session.person, form: seal('delete'), removal })),
      post: {
        async delete({ session, form, signal }) {
          if (form.get('sure') !== 'yes')
            throw new PageError('invalid-request', 'invalid_request', 'the box is not ticked')
          await privacy.forget(session.sub, signal)
          log('person_forgets', { sub: session.sub, by: 'person' })
          return seeOther(origin + pathsOfAccount.deleted, [sessions.end()])
        },
      },
    },
  ]
}

/** Makes the routes that need no session: signing out, and the pages after the end of a session. */
export function openAccountRoutes({
  origin,
  brand,
  sessions,
  forms,
  removal,
}: Pick<AccountRoutesOptions, 'origin' | 'sessions' | 'removal'> & {
  readonly brand: DocsBrand
  readonly forms: SessionForms
}): readonly OpenRoute[] {
  return [
    {
      path: pathsOfAccount.signedOut,
      methods: {
        GET({ url }) {
          const isAllEnded = new URL(url).searchParams.get('done') === 'all-ended'
          return htmlResponse(isAllEnded ? allEndedPage(brand) : signedOutPage(brand), { status: 200 })
        },
      },
    },
    {
      path: pathsOfAccount.deleted,
      methods: { GET: () => htmlResponse(deletedPage(brand, removal), { status: 200 }) },
    },
    {
      path: accountPaths.logout,
      methods: {
        /** Needs no store, so that a person can always sign out. */
        async POST(request) {
          const form = await readOwnForm(request, origin)
          const session = sessions.read(request)
          if (session && !forms.open(session, 'logout', form.get('form') ?? '')) {
            throw new PageError('cross-site', 'invalid_request', 'the form is of another session')
          }
          return seeOther(origin + pathsOfAccount.signedOut, [sessions.end()])
        },
      },
    },
  ]
}
