import { type EventType, eventTypes } from '../people/outbox/event-types.ts'
import type { SettingsReader } from './reader.ts'

/** Who is told about people and their use of the documentation. */
export interface ReceiverSettings {
  /** The CRM. */
  readonly webhook:
    | {
        readonly url: string
        /** The current secret and the previous one. Empty: messages are not signed. */
        readonly secrets: readonly Uint8Array[]
        readonly events: ReadonlySet<EventType>
      }
    | undefined
  /** A service that takes usage events in PostHog's form. */
  readonly capture: { readonly url: string; readonly key: string } | undefined
}

/** Reads who is told about people. */
export function readReceivers(settings: SettingsReader): ReceiverSettings {
  return { webhook: readWebhook(settings), capture: readCapture(settings) }
}

function readWebhook(settings: SettingsReader): ReceiverSettings['webhook'] {
  const url = settings.read('CRM_WEBHOOK_URL')
  const secret = settings.read('CRM_WEBHOOK_SECRET')
  const previous = settings.read('CRM_WEBHOOK_PREVIOUS_SECRET')
  const chosen = settings.read('CRM_WEBHOOK_EVENTS')
  if (settings.text('CRM_WEBHOOK_PREVIOUS_SECRET') !== undefined && settings.text('CRM_WEBHOOK_SECRET') === undefined) {
    settings.complain('CRM_WEBHOOK_PREVIOUS_SECRET', ' needs CRM_WEBHOOK_SECRET')
  }
  if (url === undefined) return undefined
  // A receiver of the first release knows no signature, and takes every message for a new person.
  const usual: readonly EventType[] = secret === undefined ? ['person.first_seen'] : eventTypes
  const secrets = [secret, previous].filter((bytes) => bytes !== undefined)
  return { url, secrets, events: new Set(chosen ?? usual) }
}

function readCapture(settings: SettingsReader): ReceiverSettings['capture'] {
  const url = settings.read('MCP_CAPTURE_URL')
  const key = settings.read('MCP_CAPTURE_KEY')
  if (url !== undefined && settings.text('MCP_CAPTURE_KEY') === undefined) {
    settings.complain('MCP_CAPTURE_KEY', ' is missing: MCP_CAPTURE_URL needs it')
  }
  return url === undefined || key === undefined ? undefined : { url: `${url.replace(/\/$/, '')}/batch/`, key }
}
