/** The local world cannot start for a reason that a person can remove: the message is one clear line. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}
