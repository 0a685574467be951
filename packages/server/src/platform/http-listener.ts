import { rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connectionsMax, headerBytesMax, headersMsMax, keepAliveMsMax, requestMsMax } from './limits.ts'

/** Where to listen: an address and port (0 for any), or the path of a unix socket and who may open it (0o600: its owner). */
export type ListenAt = { readonly host: string; readonly port: number } | { readonly path: string; readonly mode: number }

/** PEM texts. */
export interface TlsIdentity {
  readonly key: string
  readonly certificate: string
}

/** An open listener. */
export interface HttpListener {
  /** The port that was bound; 0 for a unix socket. */
  readonly port: number
  /** `http://127.0.0.1:8008`, `https://[::1]:8448`, `unix:/…/admin.sock`. */
  readonly url: string
  /** Take no new connections and close idle ones; resolves when the last connection is closed. */
  close(): Promise<void>
  /** Cut every connection. */
  cut(): void
}

const options = {
  maxHeaderSize: headerBytesMax,
  headersTimeout: headersMsMax,
  requestTimeout: requestMsMax,
  keepAliveTimeout: keepAliveMsMax,
  noDelay: true,
}

/** Open a listener. Rejects with the system's error (EADDRINUSE, EACCES); for a unix socket on which somebody listens, too. */
export async function openHttpListener(at: ListenAt, onRequest: RequestListener, tls?: TlsIdentity): Promise<HttpListener> {
  const server: Server =
    tls === undefined ? createServer(options, onRequest) : createTlsServer({ ...options, key: tls.key, cert: tls.certificate }, onRequest)
  server.maxConnections = connectionsMax
  // "Expect: 100-continue" goes the way of other requests: the body's reader says "continue" when it wants the body.
  server.on('checkContinue', onRequest)
  server.on('clientError', refuseBadRequest)

  if ('path' in at) await listenOnSocket(server, at.path, at.mode)
  else await listening(server, () => server.listen(at.port, at.host))
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0

  return {
    port,
    url: 'path' in at ? `unix:${at.path}` : `${tls === undefined ? 'http' : 'https'}://${bracketed(at.host)}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
    cut: () => server.closeAllConnections(),
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.removeListener('error', reject)
      resolve()
    })
    listen()
  })
}

/** A socket file that a killed process left behind is replaced; one that answers is not. */
async function listenOnSocket(server: Server, path: string, mode: number): Promise<void> {
  if (await answers(path)) throw new SocketInUse(path)
  rmSync(path, { force: true })
  await listening(server, () => {
    // The file never exists with wider rights, not even for a moment: the bind happens within this call.
    const umask = process.umask(0o777 & ~mode)
    try {
      server.listen(path)
    } finally {
      process.umask(umask)
    }
  })
}

/** Another process answers on a unix socket; shaped like the system's own errors. */
export class SocketInUse extends Error {
  override readonly name = 'SocketInUse'
  readonly code = 'EADDRINUSE'
  readonly syscall = 'listen'
  constructor(path: string) {
    super(`another process listens on ${path}: stop it first, or give this one another data_dir`)
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // A process that stands still refuses nobody: its queue may be full.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN' || error.code === 'ETIMEDOUT'))
  })
}

/** What the parser refuses never becomes a request: it gets a bare answer, and the connection ends. */
function refuseBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  const body = '{"errcode":"M_UNRECOGNIZED","error":"the request could not be read"}'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
}
