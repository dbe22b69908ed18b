import fc from 'fast-check'
import type { HostCondition } from './document-host.ts'
import type { Fault } from './faulty-store.ts'
import { documentKind, type Scope, type Script, type Step, type TokenRequest, type Wrong } from './script.ts'

const back = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) })
const at = fc.nat(1)
const person = fc.nat(1)
const scope = fc.constantFrom<Scope[]>('docs:read', 'docs:read docs:feedback')
const upstreams = ['fine', 'fine', 'fine', 'passing', 'spent', 'lost', 'refused'] as const

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
      at: fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(4) }),
    }),
  },
)
const wrong = (...ways: Wrong[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant<Wrong>('nothing') }, { weight: 1, arbitrary: fc.constantFrom(...ways) })
const again = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) })

const redeem = fc.record({
  kind: fc.constant('redeem' as const),
  code: back,
  other: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
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
const revoke = fc.record({
  kind: fc.constant('revoke' as const),
  grant: back,
  token: fc.constantFrom('refresh' as const, 'access' as const),
  age: back,
  wrong: wrong('client'),
  at,
  fault,
})

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
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('register' as const),
      kind: fc.nat(6),
      address: fc.nat(1),
      at,
      faults: fc.array(fault, { minLength: 1, maxLength: 2 }),
      order: fc.array(fc.nat(1), { maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('authorize' as const), client: back, browser: person, scope, at, fault }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('document host' as const),
      condition: fc.constantFrom<HostCondition[]>(
        'up',
        'up',
        'up',
        'unreachable',
        'busy',
        'challenge',
        'gone',
        'broken',
        'redirect',
      ),
      edition: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
    }),
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
      upstream: fc.constantFrom(...upstreams),
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
  { weight: 2, arbitrary: fc.record({ do: fc.constant('steal' as const), grant: back }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.oneof(
        fc.constantFrom(0.001, 1, 1.999, 2, 20, 59, 60, 60.001, 61),
        fc.constantFrom(299, 301, 599, 601, 3_600, 6 * day, 8 * day, 29 * day, 31 * day, 181 * day),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'late write lands' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'store moves' as const }) },
)

/** A user signs in with the client that publishes its metadata; its host changes; a user signs in again. */
const published: fc.Arbitrary<readonly Step[]> = fc
  .record({
    at,
    condition: fc.constantFrom<HostCondition[]>('up', 'unreachable', 'busy', 'challenge', 'gone', 'broken', 'redirect'),
    edition: fc.nat(1),
    seconds: fc.constantFrom(1, 301, 6 * day, 8 * day),
    fault,
    upset: fault,
  })
  .map(({ at, condition, edition, seconds, fault, upset }) => [
    { do: 'register', kind: documentKind, address: 0, at, faults: [undefined], order: [] },
    { do: 'sign in', client: 0, browser: 0, until: 'code', at },
    {
      do: 'tokens',
      requests: [{ kind: 'redeem', code: 0, other: false, wrong: 'nothing', at, again: 0, fault: upset }],
      order: [],
    },
    { do: 'document host', condition, edition },
    { do: 'wait', seconds },
    { do: 'authorize', client: 0, browser: 0, scope: 'docs:read', at, fault },
  ])

/** One address registers more often than the limit allows. */
const rush: fc.Arbitrary<readonly Step[]> = fc
  .record({ kind: fc.nat(4), address: fc.nat(1), at, faults: fc.array(fault, { minLength: 4, maxLength: 6 }) })
  .map(({ faults, ...who }) => faults.map((each) => ({ do: 'register', ...who, faults: [each], order: [] })))

/** Both instances need a key that does not exist yet. */
function firstTokens(faults: readonly (Fault | undefined)[]): readonly Step[] {
  const signIns = faults.map((_, at): Step => ({ do: 'sign in', client: 0, browser: at, until: 'code', at }))
  const requests = faults.map((fault, at): TokenRequest => {
    return { kind: 'redeem', code: at, other: false, wrong: 'nothing', at, again: 0, fault }
  })
  return [...signIns, { do: 'tokens', requests, order: [] }]
}

const steps = fc
  .array(
    fc.oneof(
      { weight: 40, arbitrary: step.map((one): readonly Step[] => [one]) },
      { weight: 1, arbitrary: published },
      { weight: 1, arbitrary: rush },
    ),
    { minLength: 1, maxLength: 30, size: 'max' },
  )
  .map((some) => some.flat())
export const script: fc.Arbitrary<Script> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      secrets: fc.constantFrom('same', 'both', 'mixed'),
      signingKey: fc.constant('made' as const),
      steps,
    }),
  },
  // Seldom, because it takes longer, and only if each instance can open the values of the other.
  {
    weight: 1,
    arbitrary: fc
      .record({ secrets: fc.constantFrom('same', 'both'), faults: fc.tuple(fault, fault), steps })
      .map(({ secrets, faults, steps }) => ({
        secrets,
        signingKey: 'none' as const,
        steps: [...firstTokens(faults), ...steps],
      })),
  },
)
