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
  /** Asks all questions at the same moment, each through a part of the client that refreshes for itself. */
  askAtOnce?(questions: readonly string[]): Promise<readonly (readonly string[])[]>
  /** The client's own way to end the session, at the authorization server too. */
  signOut?(): Promise<void>
  /** For a client without such a way: its stored refresh token. */
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
  /** With its version. */
  readonly name: string
  /** Why it has no such step. */
  readonly without?: Readonly<Partial<Record<ClientStep, string>>>
  /** It renews its tokens before they expire, used or not. */
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
