import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server'

/** The scopes of this MCP server, and what users read about them. */
export const scopes = [
  { name: 'tickets:read', text: 'Read your tickets', initial: true },
  { name: 'tickets:write', text: 'Create and change tickets' },
  { name: 'tickets:export', text: 'Export tickets', optional: true },
]

/** What the tools that change something need besides reading. */
export const toolScopes = {
  create_ticket: ['tickets:write'],
  close_ticket: ['tickets:write'],
  reopen_ticket: ['tickets:write'],
  assign_ticket: ['tickets:write'],
  comment_on_ticket: ['tickets:write'],
  export_tickets: ['tickets:export'],
}

interface Ticket {
  readonly id: number
  readonly title: string
  state: 'open' | 'closed'
  assignee?: string
  readonly comments: string[]
}

const tickets: Ticket[] = [{ id: 1, title: 'The printer is on fire', state: 'open', comments: [] }]

const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] })

function ticket(id: number): Ticket {
  const found = tickets.find((one) => one.id === id)
  if (!found) throw new Error(`there is no ticket ${id}`)
  return found
}

const id = { type: 'integer' }
const words = { type: 'string', minLength: 1, maxLength: 200 }

/** Makes the MCP server for one request. `user`: the subject of the user who asks. */
export function ticketServer(user: string): McpServer {
  const server = new McpServer({ name: 'tickets', version: '1.0.0' })
  const tool = <Input>(
    name: string,
    description: string,
    properties: Record<string, object>,
    run: (input: Input) => unknown,
  ) =>
    server.registerTool(
      name,
      {
        description,
        inputSchema: fromJsonSchema<Input>({ type: 'object', properties, required: Object.keys(properties) }),
      },
      async (input) => text(run(input)),
    )

  tool('list_tickets', 'Lists all tickets.', {}, () => tickets)
  tool<{ id: number }>('get_ticket', 'Returns a ticket.', { id }, (input) => ticket(input.id))
  tool<{ words: string }>('search_tickets', 'Finds tickets by words of their title.', { words }, (input) =>
    tickets.filter(({ title }) => title.includes(input.words)),
  )
  tool('my_tickets', 'Lists the tickets that are assigned to the user.', {}, () =>
    tickets.filter(({ assignee }) => assignee === user),
  )
  tool<{ title: string }>('create_ticket', 'Creates a ticket.', { title: words }, ({ title }) => {
    const created: Ticket = { id: tickets.length + 1, title, state: 'open', comments: [] }
    tickets.push(created)
    return created
  })
  tool<{ id: number }>('close_ticket', 'Closes a ticket.', { id }, (input) =>
    Object.assign(ticket(input.id), { state: 'closed' }),
  )
  tool<{ id: number }>('reopen_ticket', 'Opens a ticket again.', { id }, (input) =>
    Object.assign(ticket(input.id), { state: 'open' }),
  )
  tool<{ id: number }>('assign_ticket', 'Assigns a ticket to the user.', { id }, (input) =>
    Object.assign(ticket(input.id), { assignee: user }),
  )
  tool<{ id: number; comment: string }>('comment_on_ticket', 'Adds a comment.', { id, comment: words }, (input) =>
    ticket(input.id).comments.push(`${user}: ${input.comment}`),
  )
  tool('export_tickets', 'Exports all tickets.', {}, () => tickets.map(({ id, title }) => `${id},${title}`).join('\n'))
  return server
}
