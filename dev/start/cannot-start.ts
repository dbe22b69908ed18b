import { Explained } from '../explained.ts'

/** The local world cannot start, for a reason that the user can fix. */
export class CannotStart extends Explained {
  override readonly name = 'CannotStart'
}
