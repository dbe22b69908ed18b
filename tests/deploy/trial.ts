/** One way to deploy, tried as the documentation says. */
export interface Trial {
  readonly name: string
  run(surroundings: Surroundings): Promise<void>
}

export interface Surroundings {
  /** A new folder outside of the repository. */
  readonly folder: string
  /** The absolute path of a file of an installed command line. */
  readonly tool: (name: string, file: string) => string
  /** Notes what was seen. */
  readonly check: (what: string, isSo: boolean) => void
  readonly progress: (what: string) => void
}
