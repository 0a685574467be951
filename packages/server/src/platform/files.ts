import { constants } from 'node:fs'
import { access, chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { assert } from '../assert.ts'

/** The text of a file, or undefined when there is none. Rejects for anything else (rights, a folder). */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/**
 * Write a file whole or not at all: under another name first, flushed, then renamed, and the folder flushed, so that
 * neither a crash nor a power cut leaves half of it. Only its owner may read it (mode 0600).
 */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.chmod(0o600)
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Make a folder that only its owner may enter (mode 0700), unless it is there; its rights then stay as they are. */
export async function makePrivateFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 })
  if (made !== undefined) await chmod(path, 0o700)
}

/** May this process write into the folder? */
export async function folderIsWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK | constants.X_OK)
    return true
  } catch (error) {
    assert(error instanceof Error, 'the file system throws errors')
    return false
  }
}

/** Flush a folder, so that the names in it are durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Did the system say that there is no such file? */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
