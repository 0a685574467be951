import { readFileSync } from 'node:fs'
import { HttpOrigin } from '../../../packages/testkit/src/client/http-origin.ts'
import type { ExternalServer } from '../command-line.ts'
import type { Target } from '../target.ts'

/** A server that somebody else started, and will stop. */
export function benchExternal(server: ExternalServer): Target {
  const origin = new HttpOrigin(server.url)
  const { federation } = server
  const read = (file: string): string => readFileSync(file, 'utf8')
  return {
    title: `${server.serverName} at ${server.url}`,
    origin,
    serverName: server.serverName,
    sharedSecret: server.sharedSecret,
    pids: () => server.pids,
    federation:
      federation === undefined
        ? undefined
        : {
            url: federation.url,
            ca: read(federation.caFile),
            identity: { certificate: read(federation.certificateFile), key: read(federation.keyFile) },
            address: '127.0.0.1',
          },
    close: () => Promise.resolve(origin.close()),
  }
}
