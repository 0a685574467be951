import { isIP } from 'node:net'
import { createSecureContext, getCACertificates } from 'node:tls'
import { buildConnector } from 'undici'
import type { Names } from '../../platform/names.ts'
import { isLoopback, type AddressPolicy } from './address-policy.ts'
import { connectAddressesMax, connectAttemptMsMax, tlsSessionsMax } from './limits.ts'
import { connectError, OutboundError } from './outbound-fault.ts'
import type { OutboundTarget } from './outbound-target.ts'

type Socket = Extract<Parameters<buildConnector.Callback>, [null, unknown]>[1]

interface Ports {
  readonly names: Names
  readonly policy: AddressPolicy
  /** Certificates (PEM) of authorities that are trusted beside the well-known ones. */
  readonly trustedCa: string | undefined
}

/**
 * Makes the connections of the outbound client: resolves names, lets only allowed addresses through, and connects to the
 * address itself, so that what was checked is what is reached (a name that answers differently the second time gains nothing).
 */
export class CheckedConnector {
  readonly #ports: Ports
  readonly #strict: buildConnector.connector
  readonly #loopback: buildConnector.connector

  constructor(ports: Ports) {
    this.#ports = ports
    const ca = ports.trustedCa === undefined ? undefined : [...getCACertificates('default'), ports.trustedCa]
    // Made once: to read some hundred certificates for each connection would cost more than the handshake.
    const secureContext = createSecureContext(ca === undefined ? {} : { ca })
    const options = { allowH2: false, timeout: connectAttemptMsMax, maxCachedSessions: tlsSessionsMax }
    this.#strict = buildConnector({ ...options, secureContext })
    this.#loopback = buildConnector({ ...options, rejectUnauthorized: false })
  }

  /** A connector for one pool. `target` is asked each time, since a name's addresses may change while the pool lives. */
  for(target: () => OutboundTarget): buildConnector.connector {
    return (_options, callback) => {
      this.#connect(target()).then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
      )
    }
  }

  async #connect(target: OutboundTarget): Promise<Socket> {
    let failure = new OutboundError('dns', 'there is no address to connect to')
    let left = connectAddressesMax
    for (const { host, port } of target.addresses) {
      for (const address of await this.#allowed(target, host).catch(asOutboundError)) {
        if (address instanceof OutboundError) {
          failure = address
          continue
        }
        if (left-- <= 0) throw failure
        try {
          return await this.#attempt(target, address, port)
        } catch (error) {
          failure = connectError(error)
        }
      }
    }
    throw failure
  }

  /** The allowed addresses of a host. Throws `dns` or `blocked` when there are none. */
  async #allowed(target: OutboundTarget, host: string): Promise<readonly (string | OutboundError)[]> {
    const all = await this.#ports.names.addresses(host)
    const allowed = all.filter((address) => (target.onlyLoopback === true ? isLoopback(address) : this.#ports.policy.allows(address)))
    if (allowed.length > 0) return allowed
    throw all.length === 0
      ? new OutboundError('dns', `${host} has no address`)
      : new OutboundError('blocked', `${host} leads to an address that is not allowed`)
  }

  #attempt(target: OutboundTarget, address: string, port: number): Promise<Socket> {
    const connector = target.onlyLoopback === true ? this.#loopback : this.#strict
    // Without a name the certificate is held against the address, and no SNI is sent.
    const byName = target.scheme === 'https' && isIP(target.certificateName) === 0
    const options = { hostname: address, protocol: `${target.scheme}:`, port: String(port) }
    return new Promise((resolve, reject) => {
      connector(byName ? { ...options, servername: target.certificateName } : options, (error, socket) => {
        if (error === null && socket !== null) resolve(socket)
        else reject(error)
      })
    })
  }
}

function asOutboundError(error: unknown): readonly OutboundError[] {
  if (error instanceof OutboundError) return [error]
  return [new OutboundError('dns', error instanceof Error ? error.message : String(error), { cause: error })]
}
