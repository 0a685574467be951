import { once } from 'node:events'
import { createServer } from 'node:net'
import { PORT_TRIES_MAX } from './limits.ts'

/**
 * A TCP port of `address` on which nobody listens now. Another process may take it before its user does, so whoever
 * starts a server on it must be ready to ask again.
 */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer()
  server.listen(0, address)
  await once(server, 'listening')
  const bound = server.address()
  server.close()
  await once(server, 'close')
  if (bound === null || typeof bound === 'string') throw new Error(`no TCP port on ${address}`)
  return bound.port
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
