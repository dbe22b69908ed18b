import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { createTestCa } from './ca.ts'

test('a certificate names its hosts and addresses, and its authority has signed it', async () => {
  const [ca, other] = [await createTestCa(), await createTestCa('Another authority')]
  const identity = await ca.certificateFor(['docs.example', '127.0.0.1', '::1'])
  const certificate = new X509Certificate(identity.cert)
  const authority = new X509Certificate(ca.caPem)
  expect(certificate.subjectAltName).toBe('DNS:docs.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
  expect([authority.ca, certificate.ca]).toEqual([true, false])
  expect(certificate.verify(authority.publicKey)).toBe(true)
  expect(certificate.verify(new X509Certificate(other.caPem).publicKey)).toBe(false)
  expect(certificate.checkIssued(authority)).toBe(true)
})

test('Node accepts the certificate for its hosts, and only from a client that trusts the authority', async () => {
  const ca = await createTestCa()
  const server = createServer(await ca.certificateFor(['docs.example'])).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const handshake = async (servername: string, trusted: string) => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca: trusted })
    await once(socket, 'secureConnect').finally(() => socket.destroy())
  }
  await handshake('docs.example', ca.caPem)
  await expect(handshake('other.example', ca.caPem)).rejects.toThrow(/does not match/)
  await expect(handshake('docs.example', (await createTestCa()).caPem)).rejects.toThrow(/certificate signature failure/)
})
