import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { callSocket } from '../platform/socket-client.ts'
import { CommandError } from './command-line/command.ts'

/** The operator's way into a server: its own socket. */
export interface AdminClient {
  /** Call a route under /_causeway/v1. Throws a `CommandError` with what the server refuses. */
  call(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>>
  /** Must be called at the end. */
  close(): Promise<void>
}

/** Where a server listens for the command line. */
export function adminSocketPath(config: Config): string {
  return join(config.server.dataDir, 'admin.sock')
}

/** What was opened in place of a running server: it answers on the same socket until it is closed. */
export interface OfflineServer {
  stop(): Promise<void>
}

/** The client of the running server; where none runs, `openOffline` opens the database and answers in its place. */
export async function openAdminClient(socketPath: string, openOffline: () => Promise<OfflineServer>): Promise<AdminClient> {
  const running = (await callSocket(socketPath, 'GET', '/health')) !== undefined
  const offline = running ? undefined : await openOffline()
  return {
    call: (method, path, body) => call(socketPath, method, path, body),
    close: async () => offline?.stop(),
  }
}

async function call(socketPath: string, method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
  const answer = await callSocket(socketPath, method, path, body === undefined ? undefined : JSON.stringify(body))
  if (answer === undefined) throw new CommandError('the server stopped', undefined, 'STOPPED')
  const parsed: unknown = JSON.parse(answer.text)
  if (!isObject(parsed)) throw new CommandError(`the server answered ${answer.status} without an object`)
  if (answer.status >= 300) throw new CommandError(String(parsed['error']), undefined, String(parsed['errcode']))
  return parsed
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
