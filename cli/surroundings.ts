import type { Site } from './sites.ts'

/** Where a command writes. */
export interface Output {
  write(text: string | Uint8Array): void
  readonly isTerminal: boolean
}

/** What a command has around it. Tests give it other surroundings. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** For what was asked for. */
  readonly out: Output
  /** For progress, notes and problems. */
  readonly notes: Output
  /** The columns of the terminal; 80 where there is none. */
  readonly width: number
  readonly bold: (text: string) => string
  readonly fetch: typeof globalThis.fetch
  /** The file with the saved tokens. */
  readonly tokenFile: string
  /** The system that `npm start` runs on this machine; `null` if it does not run. */
  local(): Promise<Site | null>
  /** Asks the user for a line. `null`: there is no user to ask. */
  ask(question: string, hidden: boolean): Promise<string | null>
  wait(milliseconds: number): Promise<void>
}
