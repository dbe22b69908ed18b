import type { World } from '../../dev/start/world.ts'
import type { DocumentHost } from '../clients/driver/documents.ts'
import type { ToolArguments } from '../clients/tool-answer.ts'
import type { Packages } from './install.ts'
import type { Person } from './person.ts'

/** A published client in one person's hands. Whatever it does not manage it throws. */
export interface RealClient {
  /** Finds the service, makes itself known, has the person sign in, and is connected. */
  signIn(): Promise<void>
  /** The texts of the tool's answer. Signs in again, or for more, where the client would. */
  use(tool: string, args: ToolArguments): Promise<readonly string[]>
  /** As many questions as there are, at the same moment, each by whoever refreshes for itself. */
  askAtOnce?(questions: readonly string[]): Promise<readonly (readonly string[])[]>
  /** The client's own way to end the session, at the authorization server too. */
  signOut?(): Promise<void>
  /** Where the client has no such way: what it keeps as its refresh token. */
  refreshToken?(): Promise<string>
  /** What it has printed. */
  output(): string
  close(): Promise<void>
}

/** What a client runs in. */
export interface Surroundings {
  readonly world: World
  /** What its person has typed in as the address of the server. */
  readonly mcpUrl: string
  readonly documents: DocumentHost
  readonly packages: Packages
  readonly person: Person
}

export interface RealClientKind {
  /** With its version. */
  readonly name: string
  /** Why it has no such step. */
  readonly without?: Readonly<Partial<Record<ClientStep, string>>>
  /** It renews its tokens before they end, whether or not anybody uses it. */
  readonly refreshesByItself?: boolean
  /** Its person has typed in the address with a slash at the end. */
  readonly finalSlash?: boolean
  start(surroundings: Surroundings): Promise<RealClient>
}

export const clientSteps = [
  'discovery',
  'registration',
  'sign-in',
  'tool call',
  'other tools',
  'more scopes',
  'expired token',
  'parallel refresh',
  'sign-out',
  'signed in again',
] as const
export type ClientStep = (typeof clientSteps)[number]

export const toolName = 'ask_redpanda_question'
