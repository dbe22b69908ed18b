/** Where Entra ID is, outside national clouds. */
export const authority = 'https://login.microsoftonline.com'

/** What stands for the tenant in the metadata of several tenants. */
export const template = '{tenantid}'

/** Returns the issuer in the metadata of these tenants: that of the only tenant, or a template. */
export const entraIssuer = (organizations: readonly string[] | 'any', at = authority): string =>
  `${at}/${organizations !== 'any' && organizations.length === 1 ? organizations[0] : template}/v2.0`
