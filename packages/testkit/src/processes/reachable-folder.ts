import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** May accounts without rights enter this folder and all above it? */
function isOpen(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (dirname(at) === at) return true
  }
}

/**
 * A folder that another account can read: the folder itself, or a copy below the system's folder for temporary files where
 * something above it is closed to others (a checkout in somebody's home). The copy is made once for each `name` and kept.
 */
export function reachableFolder(folder: string, name: string): string {
  if (isOpen(folder)) return folder
  const copy = join(tmpdir(), name)
  if (existsSync(copy)) return copy
  const unfinished = mkdtempSync(`${copy}-`)
  cpSync(folder, join(unfinished, 'copy'), { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(join(unfinished, 'copy'), copy)
  } catch (error) {
    // Another test process was faster.
    if (!existsSync(copy)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return copy
}
