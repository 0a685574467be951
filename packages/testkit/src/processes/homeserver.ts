import { rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { HttpOrigin } from '../client/http-origin.ts'
import { MatrixClient } from '../client/matrix-client.ts'
import { registerWithSharedSecret } from '../client/shared-secret.ts'
import type { TestCa } from '../tls/test-ca.ts'
import { startChild, waitForChild, type Child, type ChildOptions, type Exit } from './child.ts'
import { READY_MS_MAX } from './limits.ts'
import { showLogOnFailure } from './server-logs.ts'

/** How a homeserver for a test is to be set up. */
export interface HomeserverOptions {
  /** A short name for folders and logs. */
  readonly name: string
  /** The loopback address on which it listens; 127.0.0.1 if absent. */
  readonly address?: string
  /** Who signs its TLS certificate, and whose certificates it trusts. */
  readonly ca: TestCa
  /** The port in its server name, when that is not the one on which it listens (a proxy stands between). */
  readonly publicPort?: number
  /** The room version of rooms created without naming one; the server's own default if absent. */
  readonly defaultRoomVersion?: string
}

/** A real homeserver in a process of its own, with the same data over all its starts. */
export interface Homeserver {
  readonly name: string
  /** An address and a port: `127.0.0.1:40001`. Such a name needs no DNS. */
  readonly serverName: string
  /** The base URL of the Client-Server API, plain HTTP. */
  readonly url: string
  readonly origin: HttpOrigin
  readonly federationPort: number
  readonly sharedSecret: string
  readonly logFile: string
  /** The main process' id; throws while stopped. */
  pid(): number
  registerUser(localpart: string, options?: { readonly admin?: boolean }): Promise<MatrixClient>
  /** Start it again after `stop` or `kill`; resolves when it answers. */
  start(): Promise<void>
  /** SIGTERM, and wait for its end. */
  stop(): Promise<Exit | undefined>
  /** SIGKILL. */
  kill(): Promise<Exit | undefined>
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** Stop it and remove its files. */
  dispose(): Promise<void>
}

/** The facts of a homeserver whose configuration is written. */
export interface PreparedHomeserver {
  readonly name: string
  readonly serverName: string
  readonly url: string
  readonly federationPort: number
  readonly sharedSecret: string
  readonly folder: string
  readonly child: Omit<ChildOptions, 'removeIfOrphaned'>
}

/** Start a homeserver whose configuration is written. */
export async function runHomeserver(prepared: PreparedHomeserver): Promise<Homeserver> {
  const server = new RunningHomeserver(prepared)
  try {
    await server.start()
  } catch (error) {
    await server.dispose()
    throw error
  }
  return server
}

/** A secret for one test server. */
export function newSecret(): string {
  return randomBytes(24).toString('hex')
}

class RunningHomeserver implements Homeserver {
  readonly name: string
  readonly serverName: string
  readonly url: string
  readonly origin: HttpOrigin
  readonly federationPort: number
  readonly sharedSecret: string
  readonly logFile: string
  readonly #prepared: PreparedHomeserver
  readonly #keepLog: () => void
  #child: Child | undefined

  constructor(prepared: PreparedHomeserver) {
    this.name = prepared.name
    this.serverName = prepared.serverName
    this.url = prepared.url
    this.origin = new HttpOrigin(prepared.url)
    this.federationPort = prepared.federationPort
    this.sharedSecret = prepared.sharedSecret
    this.logFile = prepared.child.logFile
    this.#prepared = prepared
    this.#keepLog = showLogOnFailure(prepared.name, prepared.child.logFile)
  }

  pid(): number {
    return this.#running().pid
  }

  async registerUser(localpart: string, options: { readonly admin?: boolean } = {}): Promise<MatrixClient> {
    const user = { localpart, password: `password of ${localpart}`, admin: options.admin ?? false }
    return new MatrixClient(this.origin, await registerWithSharedSecret(this.origin, this.sharedSecret, user))
  }

  async start(): Promise<void> {
    if (this.#child !== undefined && this.#child.exit() === undefined) throw new Error(`${this.name} runs already`)
    const child = await startChild({ ...this.#prepared.child, removeIfOrphaned: this.#prepared.folder })
    this.#child = child
    await waitForChild(child, this.name, READY_MS_MAX, () => this.#answers())
  }

  async stop(): Promise<Exit | undefined> {
    return this.#child?.stop()
  }

  async kill(): Promise<Exit | undefined> {
    return this.#child?.kill()
  }

  pause(): void {
    this.#running().signal('SIGSTOP')
  }

  resume(): void {
    this.#running().signal('SIGCONT')
  }

  async dispose(): Promise<void> {
    try {
      await this.stop()
    } finally {
      this.origin.close()
      this.#keepLog()
      rmSync(this.#prepared.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    }
  }

  #running(): Child {
    if (this.#child === undefined || this.#child.exit() !== undefined) throw new Error(`${this.name} does not run`)
    return this.#child
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.origin.request({ method: 'GET', path: '/_matrix/client/versions', msMax: 2_000 })).status === 200
    } catch {
      // Not listening yet.
      return false
    }
  }
}
