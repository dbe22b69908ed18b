import { randomBytes } from 'node:crypto'
import type { Limit } from '../base/rate-limit.ts'
import { createCounter } from '../limits/counter.ts'
import { createAddressCounter } from '../limits/limiter.ts'
import type { CallLimits } from '../mcp/tool-call-limits.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { type CallPlan, planOf } from '../people/plans.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** How often a caller may call tools: by the plan that the token falls under, otherwise by the settings. */
export function createCallLimits(
  { issuer, mcp, flow }: Configuration,
  plans: readonly CallPlan[],
  store: Store,
): CallLimits {
  // While the service has no secret (a misconfiguration), each instance counts by itself: no caller is without a limit.
  const key = flow ? deriveKey(flow.secrets.current, issuer, 'limits').bytes : randomBytes(32)
  const exempt = flow?.limits.exempt ?? []
  const counting = { store, key, now: Date.now, log, listFirst: true }
  // All plans count in one place: a user whose tokens are of two plans has no more than the larger one allows.
  const byUser = (policy: string, window: Limit | undefined) =>
    window ? { ...window, policy, hit: createCounter({ ...counting, name: 'mcp-users', ...window }).hit } : null
  const byAddress = (window: Limit) => {
    const { hit } = createAddressCounter({ ...counting, name: 'mcp-addresses', ...window, exempt })
    return { ...window, policy: 'address', hit }
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
