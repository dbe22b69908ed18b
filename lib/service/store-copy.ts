import { type AdminApi, createAdminApi } from '../account/admin-api/admin-api.ts'
import type { Asked } from '../account/admin-api/asked.ts'
import { badRequest, Refusal } from '../account/admin-api/refusal.ts'
import type { AdminApiRoute } from '../account/admin-api/route.ts'
import type { Limit } from '../base/rate-limit.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { createLimiter } from '../limits/limiter.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import type { Copy, CopyReport } from '../store/moving/copy.ts'
import { TargetNotEmpty } from '../store/moving/open-move.ts'
import { copyOf } from './both-stores.ts'
import { log } from './log.ts'
import { storeOf } from './store.ts'

/** Wrong tokens of one address (N30, N32). */
const wrongTokens: Limit = { limit: 10, windowSeconds: 900 }

/** Milliseconds of one slice. The function has eight seconds for a request. */
const sliceTime = 5_000

/**
 * Composes `/admin/store`, where the operator drives the copy of a move (N32). It takes and returns no record. It answers 404 unless
 * `MCP_STORE_COPY_TOKEN` is set; no admin and no other token may use it.
 */
export function composeStoreCopy(configuration: Configuration, { secrets }: SignInSettings, site: Site): AdminApi {
  const { issuer, store: settings } = configuration
  if (settings.copyTokens.length === 0)
    return { fetch: async () => jsonResponse({ error: 'not_found' }, { status: 404 }) }
  const now = Date.now
  const key = deriveKey(secrets.current, issuer, 'limits').bytes
  const guesses = createLimiter({
    store: storeOf(site),
    name: 'copy-tokens',
    ...wrongTokens,
    exempt: [],
    key,
    now,
    log,
  })
  const tokens = { read: [], write: settings.copyTokens }
  const { movingFrom: from, backend: to } = settings

  async function answer(work: (copy: Copy) => Promise<CopyReport>): Promise<object> {
    const copy = from === undefined ? null : await copyOf(site)
    if (copy === null) throw new Refusal(409, 'not_moving', 'nothing moves: STORE_MOVING_FROM is not set')
    try {
      const { progress, ...report } = await work(copy)
      const { stage, total, passed, moved, events, unreadable, found, collections } = progress
      const counts = { stage, total, passed, moved, events, unreadable, found, collections }
      log('store_copied', { from, to, stage, moved, state: report.state })
      return { from, to, ...report, ...counts }
    } catch (error) {
      if (error instanceof TargetNotEmpty) throw new Refusal(409, 'target_not_empty', error.message)
      throw error
    }
  }

  const about = 'how far the copy is, in counts'
  const routes: readonly AdminApiRoute[] = [
    {
      ...{ method: 'GET', changes: false, path: '/copy', about },
      answer: ({ signal }) => answer((copy) => copy.report(signal)),
    },
    {
      ...{ method: 'POST', changes: true, path: '/copy' },
      about: 'continues the copy for some seconds: {"do":"run"}; or "verify", "start-over", "empty"',
      answer: (asked) => answer((copy) => carryOut(copy, asked)),
    },
  ]
  return createAdminApi({
    at: '/admin/store',
    callers: { tokens, settings: 'MCP_STORE_COPY_TOKEN', guesses, now, log },
    routes,
    log,
  })
}

async function carryOut(copy: Copy, { body, signal }: Asked): Promise<CopyReport> {
  switch (body.do) {
    case 'run':
      return copy.run(sliceTime, signal)
    case 'verify':
      return copy.restart('verify', signal)
    case 'start-over':
      return copy.restart('count', signal)
    case 'empty': {
      const emptied = await copy.empty(sliceTime, signal)
      if (emptied === null) {
        throw new Refusal(409, 'not_complete', 'the source may be emptied five minutes after the move is complete')
      }
      return { ...(await copy.report(signal)), ...emptied }
    }
    default:
      throw badRequest('the body must be {"do":"run"}, or "verify", "start-over" or "empty"')
  }
}
