/** The names of the tools for admins, in the order of the list. */
export const adminToolNames = [
  'usage_overview',
  'usage_companies',
  'usage_company',
  'usage_tools_and_clients',
  'usage_sign_ins',
] as const
export type AdminToolName = (typeof adminToolNames)[number]
