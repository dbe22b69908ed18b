import type { Context } from '@netlify/functions'

export async function serveMaintenance(_request: Request, _context: Context): Promise<Response> {
  return Response.json({ error: 'temporarily_unavailable' }, { status: 503 })
}
