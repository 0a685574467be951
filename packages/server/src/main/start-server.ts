import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import type { ListenerAddress } from '../config/sections/listeners.ts'
import { Edge } from '../http/edge.ts'
import { RateLimiter } from '../http/rate-limiter.ts'
import { loadOrMakeTlsIdentity } from '../platform/certificate.ts'
import { makePrivateFolder } from '../platform/files.ts'
import { openHttpListener, type HttpListener, type ListenAt, type TlsIdentity } from '../platform/http-listener.ts'
import { adminSocketPath } from './admin-client.ts'
import { openApplication, type Application, type Platform, type Services } from './application.ts'
import { stopMsMax } from './limits.ts'
import { health, metricsEndpoint } from './own-endpoints.ts'
import { belongsOn, type Surface } from './surfaces.ts'

/** A server that answers. */
export interface RunningServer {
  /** Where it listens, by what for. */
  readonly urls: ReadonlyMap<Surface, string>
  /** Take no new requests, finish what runs, write out what is in memory. Resolves within `stopMsMax`. */
  stop(): Promise<void>
}

/** The share of `stopMsMax` that requests get to finish; the rest is for writing out. */
const requestsShare = 0.6

/** Sockets are opened by their owner, or by a proxy in the owner's group. */
const ownerOnly = 0o600
const ownerAndGroup = 0o660

/**
 * Start the server: open the database, compose the layers, listen. With `only: 'socket'` it answers nothing but the
 * command line, which is how commands work while no server runs. Rejects, with nothing left open, when anything fails.
 */
export async function startServer(config: Config, platform: Platform, only?: 'socket'): Promise<RunningServer> {
  await makePrivateFolder(config.server.dataDir)
  // The socket is taken first and given back last: two processes never open one database file.
  const gate = await openGate(config)
  const listeners = new Map<Surface, HttpListener>()
  let application: Application<Services> | undefined
  try {
    application = await openApplication(config, platform)
    const edge = makeEdge(config, platform, application)
    const mount = (surface: Surface) =>
      edge.mount({
        only: (endpoint) => belongsOn(surface, endpoint, config.federation.on),
        cors: surface === 'client',
        socket: surface === 'socket',
      })
    if (only === undefined) {
      for (const { surface, at, tls } of await plan(config, platform.clock.now())) {
        listeners.set(surface, await openHttpListener(at, mount(surface), tls))
      }
      application.begin()
    }
    gate.open(mount('socket'))
    return running(gate, listeners, edge, application, platform)
  } catch (error) {
    await closeAll(listeners)
    await application?.stop()
    await gate.close()
    throw error
  }
}

type Handler = ReturnType<Edge<Services>['mount']>

/** The command line's socket, which refuses everything while there is nothing behind it. */
interface Gate {
  readonly url: string
  open(handler: Handler): void
  /** What runs may end, and nothing new begins. The socket is still held. */
  shut(): void
  close(): Promise<void>
}

async function openGate(config: Config): Promise<Gate> {
  const refusing =
    (why: string): Handler =>
    (_request, response) => {
      response.writeHead(503).end(JSON.stringify({ errcode: 'M_UNKNOWN', error: why }))
    }
  let behind = refusing('the server is starting')
  const path = adminSocketPath(config)
  const listener = await openHttpListener({ path, mode: ownerOnly }, (request, response) => behind(request, response))
  return {
    url: listener.url,
    open: (handler) => {
      behind = handler
    },
    shut: () => {
      behind = refusing('the server is stopping')
    },
    close: async () => {
      listener.cut()
      await listener.close()
    },
  }
}

function makeEdge(config: Config, platform: Platform, application: Application<Services>): Edge<Services> {
  const { on, ...rates } = config.rates
  return new Edge({
    endpoints: [health, metricsEndpoint(platform.metrics), ...application.endpoints],
    services: application.services,
    identify: application.identify,
    rates: new RateLimiter(rates, on, platform.clock),
    clock: platform.clock,
    random: platform.random,
    log: platform.log,
    metrics: platform.metrics,
    trustProxy: config.listeners.trustProxy,
    logAddresses: config.log.addresses,
  })
}

interface Planned {
  readonly surface: Surface
  readonly at: ListenAt
  readonly tls: TlsIdentity | undefined
}

/** What to open, with the certificate of those that need one; `now` in ms. */
async function plan({ server, listeners, federation }: Config, now: number): Promise<Planned[]> {
  const wanted: [Surface, ListenerAddress | undefined][] = [
    ['client', listeners.client],
    ['federation', federation.on ? listeners.federation : undefined],
    ['metrics', listeners.metrics],
    ['internal', listeners.internal],
  ]
  let identity: TlsIdentity | undefined
  const planned: Planned[] = []
  for (const [surface, address] of wanted) {
    if (address === undefined) continue
    if (address.scheme === 'unix') {
      planned.push({ surface, at: { path: address.path, mode: ownerAndGroup }, tls: undefined })
      continue
    }
    if (address.scheme === 'https' && identity === undefined) {
      const paths = { key: listeners.tlsKeyFile, certificate: listeners.tlsCertificateFile }
      await makePrivateFolder(dirname(paths.key))
      identity = await loadOrMakeTlsIdentity(paths, server.name, now)
    }
    planned.push({ surface, at: address, tls: address.scheme === 'https' ? identity : undefined })
  }
  return planned
}

function running(
  gate: Gate,
  listeners: ReadonlyMap<Surface, HttpListener>,
  edge: Edge<Services>,
  application: Application<Services>,
  { clock }: Platform,
): RunningServer {
  const urls: [Surface, string][] = [...listeners].map(([surface, { url }]) => [surface, url])
  return {
    urls: new Map([['socket', gate.url], ...urls]),
    stop: async () => {
      gate.shut()
      const closed = Promise.all([...listeners.values()].map((listener) => listener.close()))
      await Promise.race([edge.stop(), clock.sleep(stopMsMax * requestsShare)])
      for (const listener of listeners.values()) listener.cut()
      await closed
      await application.stop()
      await gate.close()
    },
  }
}

async function closeAll(listeners: ReadonlyMap<Surface, HttpListener>): Promise<void> {
  for (const listener of listeners.values()) {
    listener.cut()
    await listener.close()
  }
}
