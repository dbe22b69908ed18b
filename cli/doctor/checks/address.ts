import { lookup } from 'node:dns/promises'
import { type ConnectionOptions, connect, type PeerCertificate } from 'node:tls'
import { described, type Examination, isRedirect } from '../examination.ts'
import { reasonOf } from '../network.ts'

/** How the check reaches the host. Tests lead hosts that do not exist to this machine. */
export interface Reach {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly addressesOf?: ((host: string) => Promise<readonly { readonly family: number }[]>) | undefined
  readonly connect?: ((url: URL) => { readonly host: string; readonly port: number } | undefined) | undefined
  readonly ca?: readonly string[] | undefined
}

/** Milliseconds. */
const timeout = 10_000
const day = 86_400_000
/** Days before the end of a certificate. Those of Let's Encrypt are renewed 30 days before it, and may soon live for 47 days only. */
const soon = 10

/** Checks name, connection and certificate. Returns whether the other checks can go on. */
export async function checkAddress(examination: Examination, reach: Reach): Promise<boolean> {
  const url = new URL(examination.origin)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isLocal = url.protocol === 'http:'
  if (!isLocal && !(await checkName(examination, host, reach))) return false
  if (!isLocal && !(await checkTls(examination, url, reach))) return false
  return isLocal || checkPlainHttp(examination)
}

async function checkName({ found }: Examination, host: string, { addressesOf = resolved }: Reach): Promise<boolean> {
  try {
    const addresses = await addressesOf(host)
    if (!addresses.some(({ family }) => family === 4)) found('no-ipv4', `${host} has IPv6 addresses only`)
    return true
  } catch (error) {
    found('unreachable', `the name ${host} has no address (${reasonOf(error)})`)
    return false
  }
}

const resolved = (host: string) => lookup(host, { all: true })

async function checkTls(examination: Examination, url: URL, reach: Reach): Promise<boolean> {
  const { found, network } = examination
  const seen = await handshake(url, reach, {}).catch((error: unknown) => reasonOf(error))
  if (typeof seen === 'string') {
    const old = await handshake(url, reach, { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }).catch(() => null)
    if (old) found('tls-old', `${url.host} speaks ${old.protocol} and nothing newer`)
    else found('unreachable', `${url.host} does not accept a connection (${seen})`)
    return false
  }
  const { certificate, problem } = seen
  if (problem !== undefined) {
    found('tls-untrusted', `${url.host}: ${wordsFor[problem] ?? problem}`)
    // The other checks go on, and the operator's token stays here.
    network.trustAnybody()
    return true
  }
  examination.fact(`${seen.protocol}, certificate until ${new Date(certificate.valid_to).toISOString().slice(0, 10)}`)
  const days = Math.floor((Date.parse(certificate.valid_to) - reach.now()) / day)
  if (days < soon) found('tls-expires', `${url.host}: in ${days} days`)
  return true
}

const wordsFor: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the server does not send the intermediate certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the chain ends at a certificate that this machine does not know',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'the chain ends at a certificate that this machine does not know',
}

/** Opens a TLS connection to the host, and checks its certificate. */
async function handshake(url: URL, { connect: place, ca }: Reach, options: ConnectionOptions) {
  const { host, port } = place?.(url) ?? { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 443 }
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly protocol: string
    readonly certificate: PeerCertificate
    readonly problem: string | undefined
  }>()
  const socket = connect({
    ...options,
    ...{ host, port, servername: url.hostname, rejectUnauthorized: false },
    ...(ca && { ca: [...ca] }),
  })
  socket
    .once('secureConnect', () => {
      const { authorized, authorizationError } = socket
      const code: unknown =
        authorizationError instanceof Error ? Reflect.get(authorizationError, 'code') : authorizationError
      resolve({
        protocol: socket.getProtocol() ?? '',
        certificate: socket.getPeerCertificate(),
        problem: authorized ? undefined : String(code),
      })
    })
    .once('error', reject)
    .setTimeout(timeout, () => socket.destroy(Object.assign(new Error('late'), { code: 'timeout' })))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

/** A user may type http:// or leave the scheme out. Only port 443 has a counterpart for plain HTTP. */
async function checkPlainHttp(examination: Examination): Promise<boolean> {
  const url = new URL(examination.mcpUrl)
  if (url.port !== '') return true
  url.protocol = 'http:'
  const answer = await examination.network.send({ url: url.href }).catch(() => null)
  // It is fine if no server listens there.
  if (answer === null) return true
  const target = answer.headers.get('location')
  const to = target === null ? null : URL.parse(target, url)
  if (!isRedirect(answer) || to?.protocol !== 'https:') examination.found('plain-http', described(answer))
  else if (to.host !== new URL(examination.origin).host) {
    examination.found('redirected-elsewhere', `${answer.request} leads to ${to.origin}`)
  }
  return true
}
