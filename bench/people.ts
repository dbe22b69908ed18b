import { createDriver, type Target, tokensOf } from './driver.ts'

/** What a person may ask in a window, by default. */
const questionsOfAPerson = 60

/** Gives the access token of one after another, over and over: so nobody asks too much, and all are known soon. */
export type NextPerson = () => string

/** How many it takes to ask so many questions. */
export const peopleFor = (questions: number) => Math.ceil(questions / questionsOfAPerson)

/** With codes as from a sign-in, so that it takes no time. */
export async function signIn(service: Target, people: number): Promise<NextPerson> {
  const driver = createDriver(service, 1)
  const tokens: string[] = []
  try {
    const clientId = await driver.register()
    while (tokens.length < people) {
      tokens.push(tokensOf(await driver.redeem(clientId, driver.mintCode(clientId))).access)
    }
  } finally {
    driver.close()
  }
  let turn = 0
  return () => tokens[turn++ % tokens.length] ?? ''
}
