import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { FREE_PORT_MIN, FREE_PORT_TRIES_MAX, PORT_TRIES_MAX } from './limits.ts'

/**
 * A TCP port of `address` on which nobody listens now. It is none that the system gives to outgoing connections: one of these
 * could take the port while the test's server is down. Another process may still take it before its user does, so whoever starts
 * a server on it must be ready to ask again.
 */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const end = firstOutgoingPort()
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(FREE_PORT_MIN, end)
    if (await isFree(port, address)) return port
    if (tries === FREE_PORT_TRIES_MAX) throw new Error(`no TCP port on ${address}`)
  }
}

/** Start something on a free port, and again on another one while it fails because somebody else was quicker. */
export async function retryOnTakenPort<T>(start: (port: number) => Promise<T>, address = '127.0.0.1'): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await freePort(address))
    } catch (error) {
      const taken = error instanceof Error && /EADDRINUSE|Address already in use/i.test(error.message)
      if (!taken || tries === PORT_TRIES_MAX) throw error
    }
  }
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, address)
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}

/** Where the ports of outgoing connections begin. */
function firstOutgoingPort(): number {
  const file = '/proc/sys/net/ipv4/ip_local_port_range'
  const first = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\t')[0]) : NaN
  // Linux' own default, where it cannot be read; and what begins lower leaves too few.
  return first > 2 * FREE_PORT_MIN ? first : 32_768
}
