import { adminToolNames } from '../people/roles/admin-tool-names.ts'
import type { Allowance, Roles } from '../people/roles/role.ts'
import { adminScope } from './docs-resource.ts'
import type { SettingsReader } from './reader.ts'
import { askTool, parseRoles } from './roles.ts'
import type { SettingName } from './table.ts'
import { authStatusName, type ToolChoices, whoamiName } from './tool-choices.ts'

/** Tools that every role has: they tell a person who they are here. */
const always = [authStatusName, whoamiName]

/** Reads the roles with the names of their tools. `undefined`: they are wrong. */
export function readRoles(
  settings: SettingsReader<SettingName>,
  { ask, apiReference: api, feedback, privatePages }: ToolChoices,
): Roles | undefined {
  const { value: roles, complaints } = parseRoles(settings.text('MCP_ROLES') ?? '')
  for (const complaint of complaints) settings.complain('MCP_ROLES', complaint)
  if (roles === undefined) return undefined
  const known = [ask.name, api?.list, api?.search, api?.content, feedback?.tool, privatePages?.tool, ...always]
  const withTools = <T extends Allowance>(role: T): T => {
    if (!role.tools) return role
    const named = role.tools.map((tool) => (tool === askTool ? ask.name : tool))
    if (!named.every((tool) => known.includes(tool))) {
      settings.complain('MCP_ROLES', `: the role ${role.role} has a tool that this server does not have`)
    }
    return { ...role, tools: [...named, ...always, ...(role.scopes.includes(adminScope) ? adminToolNames : [])] }
  }
  return { ...roles, roles: roles.roles.map(withTools), otherwise: withTools(roles.otherwise) }
}
