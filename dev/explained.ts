/** An error that the user can fix. Its message is one clear line, which is printed without a stack. */
export class Explained extends Error {
  override readonly name: string = 'Explained'
}
