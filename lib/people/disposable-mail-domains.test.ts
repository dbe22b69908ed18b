import { disposableEmailBlocklist } from 'disposable-email-domains-js'
import { expect, test } from 'vitest'

/** After an update of the package, `npx vitest run lib/people/disposable-mail-domains.test.ts -u` rewrites the file. */
test('the list of disposable domains equals the list of the package', async () => {
  const domains = disposableEmailBlocklist()
  expect(domains.filter((domain) => !/^(?:[a-z0-9-]+\.)+[a-z0-9-]+$/.test(domain))).toEqual([])
  await expect(`${JSON.stringify(domains, null, 2)}\n`).toMatchFileSnapshot('disposable-mail-domains.json')
})
