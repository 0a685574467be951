import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The numbers of the account that owns something. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** A folder that goes when its test goes. */
export interface TemporaryFolder {
  readonly path: string
  /** Remove the folder with all that is in it. Harmless when repeated. */
  remove(): void
}

/** A new empty folder below the system's folder for temporary files, owned by `owner` if given. */
export function temporaryFolder(name: string, owner?: Account): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `causeway-${name}-`))
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid)
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) }
}
