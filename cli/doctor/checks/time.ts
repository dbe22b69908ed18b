import type { Examination, Patience } from '../examination.ts'

/** Milliseconds. A `Date` header has whole seconds, and a sign-in tolerates some. */
const tolerance = 30_000

/** Compares the times of every answer so far with the limits of clients, and its clock with others. Sends nothing. */
export function checkTime(examination: Examination, { slow, tooSlow }: Patience): void {
  const { answers, found, origin } = examination
  // Clients ask for nothing below /admin.
  const own = answers.filter(
    ({ url }) => new URL(url).origin === origin && !new URL(url).pathname.startsWith('/admin/'),
  )
  for (const { request, milliseconds } of own) {
    const seen = `${request}: ${(milliseconds / 1000).toFixed(1)} s`
    if (milliseconds > tooSlow) found('too-slow', seen)
    else if (milliseconds > slow) found('slow', seen)
  }
  const slowest = Math.max(0, ...own.map(({ milliseconds }) => milliseconds))
  examination.fact(`the slowest answer took ${(slowest / 1000).toFixed(1)} s; Claude waits 10 s`)
  const service = examination.functionClock ?? median(own.flatMap(({ clock }) => clock ?? []))
  checkClock(examination, service)
}

/** Reports how far the clock of the service is ahead. The provider's clock decides which clock is wrong. */
function checkClock({ found, providerClock }: Examination, service: number | undefined): void {
  if (service === undefined || Math.abs(service) <= tolerance) return
  // The service and the provider agree: the clock of this machine is the wrong one.
  if (providerClock !== undefined && Math.abs(service - providerClock) <= tolerance) return
  found(
    'clock-off',
    `it is ${Math.round(Math.abs(service) / 1000)} seconds ${service > 0 ? 'ahead of' : 'behind'} this machine’s`,
  )
}

const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
