import { Explained } from '../explained.ts'

/** The local world cannot start for a reason that a person can remove. */
export class CannotStart extends Explained {
  override readonly name = 'CannotStart'
}
