import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextFile, writePrivateFile } from './files.ts'
import type { Random } from './random.ts'

/**
 * What a folder is called as the home of a process: the same at each start, and not that of a copy of the folder. For whoever makes
 * sure (by a socket in it) that only one process at a time has the folder.
 */
export async function processHome(folder: string, random: Random): Promise<string> {
  const path = join(folder, 'process.id')
  const kept = (await readTextFile(path))?.trim() ?? ''
  const id = kept === '' ? random.token(idChars) : kept
  if (kept === '') await writePrivateFile(path, `${id}\n`)
  // A copy is another file.
  return `${id} ${(await stat(path, { bigint: true })).ino}`
}

/** Enough that no two are equal. */
const idChars = 24
