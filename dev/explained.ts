/** An error whose message is one clear line, and all that the person at the terminal needs: no stack is printed. */
export class Explained extends Error {
  override readonly name: string = 'Explained'
}
