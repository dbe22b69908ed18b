/**
 * Child process of the cold-start measurement: loads one function through Netlify's own entry point for its first
 * request, and says how long that took. A process of its own each time, as an instance is.
 */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import * as v from 'valibot'
import { callerOf, peerOf } from '../dev/host/arrival.ts'
import { invoke, loadHandler, provideLambdaRuntime, toEvent } from '../dev/host/invoke.ts'
import { type ColdOrder, type ColdTimes, coldOrder } from './cold-order.ts'

const [message] = await once(process, 'message')
const order: ColdOrder = v.parse(coldOrder, message)
provideLambdaRuntime()
// Node loads its fetch classes at their first use: the platform's cost, and the same for every function.
await new Response(new Request('http://localhost/').url).text()

const server = createServer(async (incoming, response) => {
  const url = new URL(order.path, 'http://localhost:8888')
  const body = Buffer.from(order.body ?? '')
  const caller = callerOf(incoming, { url, address: peerOf(incoming) })
  const event = toEvent({ ...caller, body }, { name: order.name }, order.host)
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  const handler = await loadHandler(order.host.directory, order.name)
  const answered = once(response, 'finish').then((): ColdTimes => {
    const { user, system } = process.cpuUsage(cpuBefore)
    return { wall: performance.now() - began, cpu: (user + system) / 1000, status: response.statusCode }
  })
  // This resolves later, since it waits for what the function does after its answer.
  await invoke(handler, event, response)
  const times = await answered
  process.send?.(times, () => process.exit(0))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('no TCP address')
request({
  port: address.port,
  host: '127.0.0.1',
  path: order.path,
  method: order.body === undefined ? 'GET' : 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
}).end()
