import { randomBytes } from 'node:crypto'
import { countedAs } from '../limits/address.ts'
import { createCounter } from '../limits/counter.ts'
import type { CallLimits } from '../mcp/rate-limit-headers.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { type CallPlan, planOf } from '../people/plans.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { WindowLimit } from '../settings/limits.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** How often somebody may call a tool: those of a plan as it says, everybody else as the settings say. */
export function createCallLimits(
  { issuer, mcp, flow }: Configuration,
  plans: readonly CallPlan[],
  store: Store,
): CallLimits {
  // Misconfigured, so that there is no secret, each instance counts by itself: nobody is let in without a limit.
  const key = flow ? deriveKey(flow.secrets.current, issuer, 'limits').bytes : randomBytes(32)
  const exempt = flow?.limits.exempt ?? []
  const counter = (name: string, window: WindowLimit) =>
    createCounter({ store, name, ...window, key, now: Date.now, log, listFirst: true })
  // All count in one place: a person whose tokens are of two plans has no more than the larger one allows.
  const byUser = (policy: string, window: WindowLimit | undefined) =>
    window ? { ...window, policy, hit: counter('mcp-users', window).hit } : null
  const byAddress = (window: WindowLimit) => {
    const name = 'mcp-addresses'
    const { hit } = counter(name, window)
    return {
      ...window,
      policy: 'address',
      async hit(address: string, signal: AbortSignal) {
        const counted = countedAs(address, exempt)
        if (counted === undefined) log('limit_unavailable', { limit: name, reason: 'no address' })
        return counted ? hit(counted, signal) : null
      },
    }
  }
  const { user, address } = mcp.limits
  const others = byUser('user', user)
  const windowSeconds = mcp.callWindow
  const byPlan = new Map(
    plans.map((plan) => [plan, byUser(plan.policy, plan.limit ? { limit: plan.limit, windowSeconds } : undefined)]),
  )
  return {
    user(token) {
      const plan = planOf(plans, token)
      return plan ? (byPlan.get(plan) ?? null) : others
    },
    ...(address && { address: byAddress(address) }),
  }
}
