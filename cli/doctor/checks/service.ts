import { described, type Examination, jsonIn } from '../examination.ts'

/** Checks that this is the service, and that it is ready. Returns whether the other checks can go on. */
export async function checkService(examination: Examination): Promise<boolean> {
  const { found, get, origin } = examination
  const health = await get(`${origin}/health`)
  if (health === null) return false
  const status = jsonIn(health)
  if (health.status !== 200 || status?.status !== 'ok' || typeof status.oauth !== 'boolean') {
    found('not-this-service', described(health))
    return false
  }
  const ready = await get(`${origin}/health/ready`)
  examination.fact('ready: its settings and its store are right')
  if (ready?.status === 200) return true
  const reason = ready && jsonIn(ready)?.reason
  if (reason === 'configuration') {
    found(
      'settings-wrong',
      `${origin}/health/ready: ${status.oauth ? 'a setting of /mcp or the pages' : 'sign-in is closed'}`,
    )
  } else if (reason === 'store_not_conditional') found('store-not-conditional', `${origin}/health/ready says so`)
  else if (ready) found('store-unavailable', `${described(ready)}${reason === undefined ? '' : `: ${String(reason)}`}`)
  return true
}
