import { existsSync, readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'

/** The project's root. */
export const root = join(import.meta.dirname, '../..')

/** Texts by path, for the files under `folder` (relative to the root) that match; paths are relative to `folder`. */
export async function texts(folder: string, pattern: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const cwd = join(root, folder)
  if (!existsSync(cwd)) return found
  const paths = await Array.fromAsync(glob(pattern, { cwd, exclude: (name) => name === 'node_modules' || name === '.cache' }))
  for (const path of paths.toSorted()) found.set(path.replaceAll('\\', '/'), readFileSync(join(cwd, path), 'utf8'))
  return found
}

/** Is it part of what is shipped, and not a test or what only tests stand on? */
export function isShipped(path: string): boolean {
  return !/\.(test|fixture)\.ts$/.test(path)
}
