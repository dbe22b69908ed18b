import fc from 'fast-check'
import type { Fault } from './faulty-store.ts'

/**
 * What people, clients and the world do, as plain data, so that a script that fails shrinks to a short one. Pages, codes
 * and so on are counted from the newest (0) back; a step for which there is nothing does nothing.
 */
export type Step =
  | {
      readonly do: 'sign in'
      readonly client: number
      readonly browser: number
      /** How far: all the way, or left with this before the person. */
      readonly until: 'code' | 'consent' | 'login' | 'confirmation'
      readonly at: number
    }
  | { readonly do: 'register'; readonly kind: number; readonly at: number }
  | {
      readonly do: 'authorize'
      readonly client: number
      readonly browser: number
      readonly scope: Scope
      readonly at: number
    }
  | ({ readonly do: 'press'; readonly button: 'approve' | 'cancel'; readonly page: number } & Whereabouts)
  | ({
      readonly do: 'callback'
      readonly upstream: 'fine' | 'transient' | 'refused'
      readonly transaction: number
    } & Whereabouts)
  | ({ readonly do: 'confirm'; readonly button: 'confirm' | 'cancel'; readonly transaction: number } & Whereabouts)
  | { readonly do: 'tokens'; readonly requests: readonly TokenRequest[]; readonly order: readonly number[] }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'late write lands' }
  /** Restored from a copy, or re-sealed: the same records in other versions. */
  | { readonly do: 'store moves' }

export type Scope = 'docs:read' | 'docs:read docs:feedback'

interface Whereabouts {
  readonly browser: 'own' | 'other'
  readonly at: number
}

/** What is sent at one and the same time. */
export type TokenRequest =
  | ({ readonly kind: 'redeem'; readonly code: number; readonly wrong: Wrong } & Sent)
  | ({
      readonly kind: 'refresh'
      readonly grant: number
      readonly age: number
      readonly wrong: Wrong
      readonly narrow: boolean
    } & Sent)
  | { readonly kind: 'revoke'; readonly grant: number; readonly fault: Fault | undefined }

/** What is wrong with it: another client's, or without its proof. */
export type Wrong = 'nothing' | 'client' | 'verifier' | 'redirect_uri' | 'resource'

interface Sent {
  /** Number of the instance. */
  readonly at: number
  /** How often the refresh token of the answer is used right away. */
  readonly again: number
  readonly fault: Fault | undefined
}

export interface Script {
  /** The secrets of the two instances: the same; each other's as the previous one; the new one unknown to the old instance. */
  readonly secrets: 'same' | 'both' | 'mixed'
  readonly steps: readonly Step[]
}

const back = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) })
const at = fc.nat(1)
const person = fc.nat(1)
const scope = fc.constantFrom<Scope[]>('docs:read', 'docs:read docs:feedback')
const whereabouts = {
  browser: fc.oneof(
    { weight: 6, arbitrary: fc.constant('own' as const) },
    { weight: 1, arbitrary: fc.constant('other' as const) },
  ),
  at,
}
const fault = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc.record<Fault>({
      kind: fc.constantFrom('down', 'lost', 'late', 'landed', 'repeated'),
      at: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(4) }),
    }),
  },
)
const wrong = (...ways: Wrong[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant<Wrong>('nothing') }, { weight: 1, arbitrary: fc.constantFrom(...ways) })
const again = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) })

const redeem = fc.record({
  kind: fc.constant('redeem' as const),
  code: back,
  wrong: wrong('client', 'verifier', 'redirect_uri', 'resource'),
  at,
  again,
  fault,
})
const refresh = fc.record({
  kind: fc.constant('refresh' as const),
  grant: back,
  age: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(2) }),
  wrong: wrong('client', 'resource'),
  narrow: fc.boolean(),
  at,
  again,
  fault,
})
const revoke = fc.record({ kind: fc.constant('revoke' as const), grant: back, fault })

const tokens = fc.record({
  do: fc.constant('tokens' as const),
  requests: fc.array(
    fc.oneof({ weight: 5, arbitrary: redeem }, { weight: 10, arbitrary: refresh }, { weight: 1, arbitrary: revoke }),
    { minLength: 1, maxLength: 4 },
  ),
  order: fc.array(fc.nat(3), { maxLength: 12 }),
})

const day = 86_400
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('sign in' as const),
      client: fc.oneof(back, fc.nat(5)),
      browser: person,
      until: fc.constantFrom('code', 'code', 'code', 'consent', 'login', 'confirmation'),
      at,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('register' as const), kind: fc.nat(5), at }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('authorize' as const), client: back, browser: person, scope, at }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('press' as const),
      button: fc.constantFrom('approve' as const, 'approve' as const, 'cancel' as const),
      page: back,
      ...whereabouts,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('callback' as const),
      upstream: fc.constantFrom('fine' as const, 'fine' as const, 'transient' as const, 'refused' as const),
      transaction: back,
      ...whereabouts,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('confirm' as const),
      button: fc.constantFrom('confirm' as const, 'confirm' as const, 'cancel' as const),
      transaction: back,
      ...whereabouts,
    }),
  },
  { weight: 12, arbitrary: tokens },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.oneof(
        fc.constantFrom(1, 20, 59, 60, 61),
        fc.constantFrom(299, 301, 599, 601, 3_600, 29 * day, 31 * day, 181 * day),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'late write lands' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'store moves' as const }) },
)

export const script: fc.Arbitrary<Script> = fc.record({
  secrets: fc.constantFrom('same', 'both', 'mixed'),
  steps: fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
})

/** The same script without one of its steps, requests or faults. */
export function* shorter(longer: Script): Iterable<Script> {
  for (const [index, each] of longer.steps.entries()) {
    yield { ...longer, steps: longer.steps.toSpliced(index, 1) }
    if (each.do !== 'tokens') continue
    for (const [at, request] of each.requests.entries()) {
      const fewer = each.requests.toSpliced(at, 1)
      if (fewer.length > 0) yield { ...longer, steps: longer.steps.with(index, { ...each, requests: fewer }) }
      if (request.fault === undefined) continue
      const calmer = each.requests.with(at, { ...request, fault: undefined })
      yield { ...longer, steps: longer.steps.with(index, { ...each, requests: calmer }) }
    }
  }
}

/** For people: one line for each step, without what is as usual. */
export function showScript({ secrets, steps }: Script): string {
  return [
    `secrets of the instances: ${secrets}`,
    ...steps.map((each, index) => `${index + 1}. ${showStep(each)}`),
  ].join('\n')
}

function showStep(each: Step): string {
  if (each.do !== 'tokens') return each.do + showMembers(each, ['do'])
  const requests = each.requests.map((request) => request.kind + showMembers(request, ['kind']))
  const order = each.requests.length > 1 ? `   (order ${each.order.join('')}…)` : ''
  return requests.join('  ||  ') + order
}

function showMembers(each: object, hidden: readonly string[]): string {
  const shown = Object.entries(each).filter(
    ([name, value]) =>
      !hidden.includes(name) && ![0, false, undefined, 'nothing', 'own', 'fine', 'code'].includes(value),
  )
  return shown
    .map(([name, value]) => ` ${name}=${typeof value === 'object' ? `${value.kind}@${value.at}` : value}`)
    .join('')
}
