import { randomBytes } from 'node:crypto'
import { defined } from '../base/defined.ts'
import { isMachine } from '../base/machine.ts'
import { once } from '../base/once.ts'
import type { Limit } from '../base/rate-limit.ts'
import { createCounter } from '../limits/counter.ts'
import { createAddressCounter } from '../limits/limiter.ts'
import type { CallLimit, CallLimits } from '../mcp/tool-call-limits.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { type CallPlan, planOf } from '../people/plans.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import type { Configuration } from '../settings/configuration.ts'
import { windowOf } from '../settings/limits.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** Creates the limits of tool calls: by the plan of the user, and otherwise by the settings. */
export function createCallLimits({ issuer, mcp, tools, secrets, trusted }: Configuration, store: Store): CallLimits {
  // Without a usable secret, each instance counts by itself: no caller is without a limit.
  const counting = once(() => {
    const key = secrets ? deriveKey(secrets.current, issuer, 'limits').bytes : randomBytes(32)
    return { store, key, now: Date.now, log, listFirst: true }
  })
  const { user, machine, address, exempt } = mcp.limits
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
  /** Machines count by their names in the settings, and apart from people. */
  const ofMachine = (window: Limit | undefined, name: string): CallLimit | null => {
    if (!window) return null
    const counter = once(() => createCounter({ ...counting(), name: 'mcp-machines', ...window }))
    return { ...window, policy: 'machine', hit: (_who, signal) => counter().hit(name, signal) }
  }
  const byMachine = new Map(
    (trusted?.machines ?? []).map((entry) => {
      const { limit } = entry
      const own = limit === undefined ? machine : windowOf(limit, windowSeconds)
      return [entry.name, ofMachine(own, entry.name)]
    }),
  )
  return defined({
    user(token: AccessToken) {
      if (isMachine(token.sub)) return byMachine.get(machineName(token)) ?? null
      const plan = planOf(tools.plans, token)
      return plan ? (byPlan.get(plan) ?? null) : others
    },
    address: address && byAddress(address),
  })
}

/** The claim `grant` of a machine's token begins with `machine/<name>.<8 characters>/`. */
const machineName = ({ grant }: AccessToken) => grant.split('/')[1]?.slice(0, -9) ?? ''
