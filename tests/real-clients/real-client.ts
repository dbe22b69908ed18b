import type { Packages } from '../../dev/install-packages.ts'
import type { World } from '../../dev/start/world.ts'
import type { DocumentHost } from '../clients/driver/documents.ts'
import type { ToolArguments } from '../clients/tool-answer.ts'
import type { Person } from './person.ts'

/** A published client of one user. Its methods throw if the client fails. */
export interface RealClient {
  /** Discovers the service, gets a client_id, lets the user sign in, and connects. */
  signIn(): Promise<void>
  /** Calls a tool and returns its texts. Signs in again, or for more scopes, if the client would. */
  use(tool: string, args: ToolArguments): Promise<readonly string[]>
  /** Asks all questions concurrently, each in a part of the client that refreshes independently. */
  askAtOnce?(questions: readonly string[]): Promise<readonly (readonly string[])[]>
  /** Ends the session as the client does, also at the authorization server. */
  signOut?(): Promise<void>
  /** The stored refresh token, for a client that cannot sign out. */
  refreshToken?(): Promise<string>
  /** Its output. */
  output(): string
  close(): Promise<void>
}

/** The surroundings of a client. */
export interface Surroundings {
  readonly world: World
  /** The address of the server, as the user has typed it. */
  readonly mcpUrl: string
  readonly documents: DocumentHost
  readonly packages: Packages
  readonly person: Person
}

export interface RealClientKind {
  /** The name with the version. */
  readonly name: string
  /** The steps that the client does not have, with the reasons. */
  readonly without?: Readonly<Partial<Record<ClientStep, string>>>
  /** Whether it renews its tokens before they expire, even if it is not used. */
  readonly refreshesByItself?: boolean
  /** Whether the user has typed the address with a slash at the end. */
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
