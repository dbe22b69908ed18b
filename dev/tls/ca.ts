import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { der } from './der.ts'

/** A key and its certificate, PEM: what `https.createServer` takes. */
export interface TlsIdentity {
  readonly key: string
  readonly cert: string
}

export interface TestCa {
  /** PEM, for a client's `ca`. */
  readonly caPem: string
  /** A server's certificate for host names and IP addresses, valid for a year. */
  certificateFor(hosts: readonly string[]): TlsIdentity
}

/** A certificate authority for local tests, made on the spot so that no key lies in the repository (RFC 5280). */
export function createTestCa(name = 'mcp-oauth-broker local test CA'): TestCa {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issue = (subject: string, publicKey: KeyObject, extensions: readonly Buffer[]) =>
    certificate({ issuer: name, subject, publicKey, extensions, signingKey: ca.privateKey })
  return {
    caPem: issue(name, ca.publicKey, [isAuthority, signsCertificates]),
    certificateFor(hosts) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      return {
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: issue(hosts[0] ?? name, publicKey, [alternativeNames(hosts)]),
      }
    },
  }
}

const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  basicConstraints: '551d13',
  keyUsage: '551d0f',
  subjectAlternativeName: '551d11',
}

const DAY = 24 * 60 * 60 * 1000

const isAuthority = der.sequence(der.oid(OID.basicConstraints), der.true, der.octets(der.sequence(der.true)))
/** keyCertSign and cRLSign: bits 5 and 6 of 7. */
const signsCertificates = der.sequence(der.oid(OID.keyUsage), der.true, der.octets(der.bits(Buffer.from([0x06]), 1)))

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) ? der.implicit(7, Buffer.from(ipaddr.parse(host).toByteArray())) : der.implicit(2, Buffer.from(host)),
  )
  return der.sequence(der.oid(OID.subjectAlternativeName), der.octets(der.sequence(...names)))
}

function certificate(of: {
  readonly issuer: string
  readonly subject: string
  readonly publicKey: KeyObject
  readonly signingKey: KeyObject
  readonly extensions: readonly Buffer[]
}): string {
  const algorithm = der.sequence(der.oid(OID.ecdsaWithSha256))
  const now = Date.now()
  const signed = der.sequence(
    der.tagged(0, der.integer(Buffer.from([2]))), // version 3
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])), // serial number
    algorithm,
    commonName(of.issuer),
    der.sequence(der.time(new Date(now - DAY)), der.time(new Date(now + 365 * DAY))),
    commonName(of.subject),
    of.publicKey.export({ type: 'spki', format: 'der' }),
    der.tagged(3, der.sequence(...of.extensions)),
  )
  const bytes = der.sequence(signed, algorithm, der.bits(sign('sha256', signed, of.signingKey)))
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function commonName(name: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.text(name))))
}
