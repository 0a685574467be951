import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { TestContext } from 'node:test'
import { createTestCa } from '../../../../testkit/src/tls/test-ca.ts'
import type { Names, ServiceTarget } from '../../platform/names.ts'

/** The authority of one test file. */
export const testCa = createTestCa()

export const loopbackRange = { address: '127.0.0.0', prefix: 8, family: 'ipv4' } as const

/** Names that a test makes up. */
export class FakeNames implements Names {
  readonly hosts = new Map<string, readonly string[]>()
  readonly srv = new Map<string, readonly ServiceTarget[]>()
  readonly asked: string[] = []

  async addresses(name: string): Promise<readonly string[]> {
    this.asked.push(name)
    return /^[\d.]+$|:/.test(name) ? [name] : (this.hosts.get(name) ?? [])
  }
  async services(name: string): Promise<readonly ServiceTarget[]> {
    this.asked.push(name)
    return this.srv.get(name) ?? []
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface TlsServer {
  readonly port: number
  /** How many connections were made. */
  connections(): number
  /** Server names that came by SNI. */
  readonly sni: (string | false | null)[]
}

/** An HTTPS server on loopback with a certificate for `names`, gone at the end of the test. */
export async function tlsServer(t: TestContext, names: readonly string[], answer: Answer): Promise<TlsServer> {
  const identity = testCa.issue(names)
  const server = createServer({ key: identity.key, cert: identity.certificate }, answer)
  let connections = 0
  const sni: (string | false | null)[] = []
  server.on('secureConnection', (socket) => {
    connections += 1
    sni.push('servername' in socket && (typeof socket.servername === 'string' || socket.servername === false) ? socket.servername : null)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const bound = server.address()
  return { port: typeof bound === 'object' && bound !== null ? bound.port : 0, connections: () => connections, sni }
}
