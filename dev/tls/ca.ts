import 'reflect-metadata'
import { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A key and its certificate, PEM: what `https.createServer` takes. */
export interface TlsIdentity {
  readonly key: string
  readonly cert: string
}

export interface TestCa {
  /** PEM, for a client's `ca`. */
  readonly caPem: string
  /** Makes a server's certificate for these host names and IP addresses, valid for a year. */
  certificateFor(hosts: readonly string[]): Promise<TlsIdentity>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const newKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
/** In milliseconds. */
const day = 24 * 60 * 60 * 1000

/** Makes a certificate authority for local tests (RFC 5280). It is new in each process, so the repository holds no key. */
export async function createTestCa(name = 'mcp-oauth-broker local test CA'): Promise<TestCa> {
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 365 * day) }
  const keys = await newKeys()
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
    ...validity,
  })
  return {
    caPem: pemOf(authority),
    async certificateFor(hosts) {
      const { publicKey, privateKey } = await newKeys()
      const certificate = await X509CertificateGenerator.create({
        issuer: authority.subjectName,
        subject: [{ CN: [hosts[0] ?? name] }],
        publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new SubjectAlternativeNameExtension(
            hosts.map((host) => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host })),
          ),
        ],
        ...validity,
      })
      return {
        key: KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: pemOf(certificate),
      }
    },
  }
}

/** The certificate as PEM, with a line break at its end, so that certificates can be joined into a chain. */
const pemOf = (certificate: { toString(format: 'pem'): string }) => `${certificate.toString('pem').trimEnd()}\n`
