import { randomBytes } from 'node:crypto'
import { defined } from '../base/defined.ts'
import { once } from '../base/once.ts'
import type { Limit } from '../base/rate-limit.ts'
import { createCounter } from '../limits/counter.ts'
import { createAddressCounter } from '../limits/limiter.ts'
import type { CallLimit, CallLimits } from '../mcp/tool-call-limits.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { type CallPlan, planOf } from '../people/plans.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** Creates the limits of tool calls: by the plan of the user, and otherwise by the settings. */
export function createCallLimits({ issuer, mcp, tools, secrets }: Configuration, store: Store): CallLimits {
  // Without a usable secret, each instance counts by itself: no caller is without a limit.
  const counting = once(() => {
    const key = secrets ? deriveKey(secrets.current, issuer, 'limits').bytes : randomBytes(32)
    return { store, key, now: Date.now, log, listFirst: true }
  })
  const { user, address, exempt } = mcp.limits
  // All plans count in one place: a user with tokens of two plans gets no more calls than the larger plan allows.
  const byUser = (policy: string, window: Limit | undefined): CallLimit | null => {
    if (!window) return null
    const counter = once(() => createCounter({ ...counting(), name: 'mcp-users', ...window }))
    return { ...window, policy, hit: (...call) => counter().hit(...call) }
  }
  const byAddress = (window: Limit): CallLimit => {
    const counter = once(() => createAddressCounter({ ...counting(), name: 'mcp-addresses', ...window, exempt }))
    return { ...window, policy: 'address', hit: (...call) => counter().hit(...call) }
  }
  const others = byUser('user', user)
  const windowSeconds = mcp.callWindow
  const ofPlan = ({ policy, limit }: CallPlan) => byUser(policy, limit ? { limit, windowSeconds } : undefined)
  const byPlan = new Map(tools.plans.map((plan) => [plan, ofPlan(plan)]))
  return defined({
    user(token: AccessToken) {
      const plan = planOf(tools.plans, token)
      return plan ? (byPlan.get(plan) ?? null) : others
    },
    address: address && byAddress(address),
  })
}
