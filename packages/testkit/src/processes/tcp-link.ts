import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP forwarder that stands for the network in front of one server: cut it, and nobody reaches the server over it. */
export interface TcpLink {
  readonly port: number
  /** Say where connections go; before, and while cut, they are refused by closing. */
  forwardTo(port: number): void
  /** Drop all connections and take no new ones. */
  cut(): void
  /** Let connections through again. */
  mend(): void
  close(): Promise<void>
}

/** Open a link on a free port of `address`; it forwards to ports of the same address. */
export async function openTcpLink(address = '127.0.0.1'): Promise<TcpLink> {
  const sockets = new Set<Socket>()
  let target: number | undefined
  let open = true
  const server = createServer((inbound) => {
    if (!open || target === undefined) {
      inbound.destroy()
      return
    }
    const outbound = connect(target, address)
    for (const [socket, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      // A broken connection is what this part is for; the other half must not stay open.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.unref()
      socket.pipe(other)
    }
  })
  const port = await listen(server, address)
  const dropAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    forwardTo: (next) => {
      target = next
    },
    cut: () => {
      open = false
      dropAll()
    },
    mend: () => {
      open = true
    },
    close: async () => {
      server.close()
      dropAll()
      await once(server, 'close')
    },
  }
}

async function listen(server: Server, address: string): Promise<number> {
  server.listen(0, address)
  await once(server, 'listening')
  server.unref()
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error(`no TCP port on ${address}`)
  return bound.port
}
