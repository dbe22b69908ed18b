import { withDeadline } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { isMachine } from '../base/machine.ts'
import { sha256 } from '../base/sha256.ts'
import type { EndedCall } from '../mcp/ended-call.ts'
import { machineNameIn } from '../oauth/assertions/storeless-grant.ts'
import { createRegistrationSealer } from '../oauth/clients/sealed-registration.ts'
import type { FlowStep } from '../oauth/flow-step.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { companyOf } from '../people/company.ts'
import { createVersionRecorder } from '../people/usage/client-versions.ts'
import type { UsageClient, UsageEvent, UsageRecorder } from '../people/usage/event.ts'
import { clientNameKey, createNameRecorder } from '../people/usage/names.ts'
import { createUsageRecorder } from '../people/usage/recorder.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { log } from './log.ts'
import { eventStoresOf, storeOf } from './store.ts'
import { pseudonymsOf } from './usage-parts.ts'

/** Composes the recorder of usage. Load this file after an answer: it brings the lists of mail domains. */
export const usageRecorderOf = (site: Site, sealing: Sealing): UsageRecorder =>
  createUsageRecorder({ events: eventStoresOf(site), pseudonyms: pseudonymsOf(site, sealing), companyOf, log })

/** Makes the function that writes the names of ids at a sign-in. */
export const nameRecorderOf = (site: Site, sealing: Sealing) =>
  createNameRecorder({ store: storeOf(site), pseudonyms: pseudonymsOf(site, sealing), companyOf })

/** Milliseconds for the version of a client, which the next instance notes again. */
const versionTime = 10_000

/** Makes the recorder of tool calls, and of the versions that clients say they have. Neither ever rejects. */
export function createCallRecorder(
  { signIn }: Configuration,
  site: Site,
  sealing: Sealing,
): {
  recordCall(call: EndedCall): Promise<void>
  recordVersion(clientId: string, version: string): Promise<void>
} {
  const recorder = usageRecorderOf(site, sealing)
  const noteVersion = createVersionRecorder({
    store: storeOf(site),
    pseudonyms: pseudonymsOf(site, sealing),
    now: Date.now,
  })
  const registrations = createRegistrationSealer(sealing)

  /** The client of a token, as its sign-in knew it. */
  function clientOf(clientId: string): UsageClient {
    const hash = sha256(clientId)
    const host = clientId.startsWith('https://') ? URL.parse(clientId)?.host : undefined
    if (host !== undefined) return { hash, host }
    const configured = signIn?.configuredClients.find(({ id }) => id === clientId)
    const name = configured?.name ?? registrations.open(clientId)?.metadata.client_name
    return { hash, ...(typeof name === 'string' ? { name } : undefined) }
  }

  return {
    recordCall({ token, at, tool, outcome, refused, milliseconds }) {
      const kind = outcome === 'ok' || outcome === 'cancelled' ? outcome : refused ? 'refused' : 'failed'
      return recorder.record({
        at,
        what: { kind: 'call', tool },
        outcome: { kind, reason: outcome },
        milliseconds,
        ...(token && { sub: token.sub, person: token, client: machineOf(token) ?? clientOf(token.clientId) }),
      })
    },
    recordVersion: (clientId, version) =>
      withDeadline(versionTime, (signal) => noteVersion(clientOf(clientId), version, signal)).catch(
        (error: unknown) => {
          log('client_version_lost', { reason: error instanceof Error ? error.name : 'unknown' })
        },
      ),
  }
}

/** The machine of a token, as reports show it. `undefined`: the token is a person's. */
function machineOf({
  sub,
  grant,
  clientId,
}: {
  sub: string
  grant: string
  clientId: string
}): UsageClient | undefined {
  if (!isMachine(sub)) return undefined
  return { hash: sha256(clientId), name: machineNameIn(grant) ?? 'unknown', machine: true }
}

/** The steps of a sign-in that count as usage: from the approval on, each once for each sign-in. */
const counted: ReadonlySet<string> = new Set(['approved', 'provider', 'callback', 'confirmation', 'code', 'token'])

/** The event of a step of the flow; `null` for a step that does not count. */
export function eventOfStep({ step, outcome, reason, sub, person, ...rest }: FlowStep, at: number): UsageEvent | null {
  const { clientHash, client } = rest
  // A request that belongs to no sign-in, such as a callback that anybody made up, is no usage, and must not fill the store.
  if (!counted.has(step) || clientHash === undefined) return null
  // A machine gets tokens without a sign-in.
  if (sub !== undefined && isMachine(sub)) return null
  return defined({
    at,
    sub,
    person: person && {
      ...defined({ email: person.email, emailVerified: person.emailVerified }),
      organization: defined({ id: person.organizationId, name: person.organizationName }),
    },
    client: defined({ hash: clientHash, name: client?.name, host: client?.verifiedHost }),
    what: { kind: 'step' as const, step },
    outcome: defined({ kind: outcome, reason }),
    milliseconds: 0,
  })
}

/** Makes the function that writes the name of a machine, so that reports can show it. A machine has no sign-in that would do so. */
export function machineNamerOf(site: Site, sealing: Sealing): (name: string, signal: AbortSignal) => Promise<void> {
  const known = new Set<string>()
  return async (name, signal) => {
    if (known.has(name)) return
    const id = (await pseudonymsOf(site, sealing).load(signal)).client({ hash: '', name, machine: true })
    await storeOf(site).create(clientNameKey(id), { name, machine: true }, signal)
    known.add(name)
  }
}
