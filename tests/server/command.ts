import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { findNode } from '../../packages/testkit/src/processes/start-causeway.ts'

/** How a command ended, and what it said. */
export interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const launcher = join(import.meta.dirname, '../../packages/server/bin/causeway.mjs')

/** Run `causeway` with these words, in a folder, and wait for its end. */
export async function causeway(words: readonly string[], cwd: string, input = ''): Promise<Said> {
  const child = spawn(findNode(), [launcher, ...words], { cwd, env: { PATH: process.env['PATH'] }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(input)
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { code, out, err }
}

/** The folder with a test server's configuration, keys and data. */
export function folderOf(server: Homeserver): string {
  return dirname(server.logFile)
}
