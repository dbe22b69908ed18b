import families from './free-mail-domains.json' with { type: 'json' }

/**
 * Returns the domains at which anyone gets a mailbox or an alias: the large providers of the world, providers for people
 * who value privacy, and access providers that give each household a mailbox.
 *
 * The list is kept by hand: each name with its endings. It is short on purpose, because a company that is on it by
 * mistake is locked out.
 */
export function freeMailDomains(): readonly string[] {
  return Object.entries(families).flatMap(([name, endings]) => endings.split(' ').map((ending) => `${name}.${ending}`))
}
