import { splitServerName, type ServerName, type ServerNameParts } from '@causeway/events'
import type { OutboundClient } from '../../http/outbound/outbound-client.ts'
import type { OutboundAddress, OutboundTarget } from '../../http/outbound/outbound-target.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Names, ServiceTarget } from '../../platform/names.ts'
import type { Random } from '../../platform/random.ts'
import { federationPort } from '../limits.ts'
import { orderServices } from './order-services.ts'
import { WellKnown } from './well-known.ts'

interface Ports {
  readonly serverName: ServerName
  readonly outbound: Pick<OutboundClient, 'request'>
  readonly names: Names
  readonly clock: Clock
  readonly random: Random
}

/** `_matrix-fed` is the registered name; `_matrix` is deprecated and still in use. */
const services = ['_matrix-fed._tcp.', '_matrix._tcp.']

/**
 * Where a server is reached and how it must prove itself. Server-Server API, "Resolving server names"; the numbers in this
 * file are that section's steps.
 *
 * A server named `localhost` meets only others on its own machine: it looks nobody up, and its requests reach nothing but
 * the loopback addresses.
 */
export class Discovery {
  readonly #ports: Ports
  readonly #wellKnown: WellKnown
  readonly #onlyLoopback: boolean

  constructor(ports: Ports) {
    this.#ports = ports
    this.#wellKnown = new WellKnown(ports)
    this.#onlyLoopback = splitServerName(ports.serverName).host === 'localhost'
  }

  /** The target for requests to `server`. Absent when its name says no place (a port above 65535, a service that is refused). */
  async target(server: ServerName): Promise<OutboundTarget | undefined> {
    const parts = splitServerName(server)
    const { host, port } = parts
    if (this.#onlyLoopback) {
      const target = atPort(server, parts, port ?? federationPort)
      return target === undefined ? undefined : { ...target, onlyLoopback: true }
    }
    // 1 and 2; and a name that is never anybody else's.
    if (parts.isIpLiteral || port !== undefined || host === 'localhost') return atPort(server, parts, port ?? federationPort)
    // 3
    const delegate = await this.#wellKnown.delegate(host)
    if (delegate === undefined) return this.#byService(server, parts)
    const delegated = splitServerName(delegate)
    // 3.1 and 3.2, else 3.3 to 3.5
    if (delegated.isIpLiteral || delegated.port !== undefined) return atPort(delegate, delegated, delegated.port ?? federationPort)
    return this.#byService(delegate, delegated)
  }

  /** Requests to `server` did not come through: what is remembered of it may be out of date. */
  doubt(server: ServerName): void {
    this.#wellKnown.doubt(splitServerName(server).host)
  }

  /** 3.3 to 3.5, and 4 to 6. Host and certificate stay those of `name`, since a name server proves nothing. */
  async #byService(name: ServerName, { host }: ServerNameParts): Promise<OutboundTarget | undefined> {
    for (const service of services) {
      const found = await this.#services(`${service}${host}`)
      if (found.length === 0) continue
      const addresses = orderServices(found, this.#ports.random).flatMap(addressOf)
      return addresses.length === 0 ? undefined : { scheme: 'https', addresses, certificateName: host, hostHeader: name }
    }
    return { scheme: 'https', addresses: [{ host, port: federationPort }], certificateName: host, hostHeader: name }
  }

  /** A name server that fails on a service record is not yet a reason not to try the name's address. */
  #services(name: string): Promise<readonly ServiceTarget[]> {
    return this.#ports.names.services(name).catch(() => [])
  }
}

function atPort(name: ServerName, { host }: ServerNameParts, port: number): OutboundTarget | undefined {
  if (port < 1 || port > 65_535) return undefined
  return { scheme: 'https', addresses: [{ host, port }], certificateName: host, hostHeader: name }
}

/** A target called "." says that the service is decidedly not there (RFC 2782). */
function addressOf({ name, port }: ServiceTarget): OutboundAddress[] {
  const host = name.endsWith('.') ? name.slice(0, -1) : name
  return host === '' || port === 0 ? [] : [{ host, port }]
}
