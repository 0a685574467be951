import { createHash } from 'node:crypto'
import { link, mkdir, open, readdir, rm, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../assert.ts'
import { isMissing, makePrivateFolder, syncFolder } from './files.ts'
import { blobReadBytes } from './limits.ts'
import type { Random } from './random.ts'

const isHash = /^[0-9a-f]{64}$/

/** A file that arrived and has no place yet. */
export interface ReceivedBlob {
  /** SHA-256 of the content in hexadecimal digits: the name that it will have. */
  readonly hash: string
  readonly bytes: number
  /** Give it its place, durably. A file of that name is the same file, and stays. */
  place(): Promise<void>
  /** Forget the file that arrived; what was placed stays. */
  discard(): Promise<void>
}

/** A file that is being read. */
export interface OpenBlob {
  readonly bytes: number
  /** `count` bytes from `start` on. Throws when the file is shorter. */
  read(start: number, count: number): AsyncGenerator<Uint8Array, void>
  close(): Promise<void>
}

/**
 * Files named after their content, in a folder that several processes may share: `files/ab/cdef…`. They come by way of `incoming/`,
 * so that none is ever half there. Nothing is made before the first file comes.
 */
export class BlobFolder {
  readonly #folder: string
  readonly #random: Random

  constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /** Write what comes to a file of its own, flushed to the disk. Rejects with what `chunks` throws, or the system's error; then nothing stays. */
  async receive(chunks: AsyncIterable<Uint8Array>): Promise<ReceivedBlob> {
    const incoming = join(this.#folder, 'incoming')
    await makePrivateFolder(incoming)
    const path = join(incoming, this.#random.token(24))
    const discard = (): Promise<void> => rm(path, { force: true })
    try {
      const { hash, bytes } = await writeHashed(path, chunks)
      return { hash, bytes, discard, place: () => this.#place(path, hash) }
    } catch (error) {
      await discard()
      throw error
    }
  }

  /** Absent when there is no such file. */
  async open(hash: string): Promise<OpenBlob | undefined> {
    let file: FileHandle
    try {
      file = await open(this.#pathOf(hash), 'r')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
    const { size } = await file.stat()
    return { bytes: size, read: (start, count) => readFrom(file, start, count), close: () => file.close() }
  }

  async has(hash: string): Promise<boolean> {
    try {
      await stat(this.#pathOf(hash))
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  /** Where a file is, for a process that reads it itself. */
  pathOf(hash: string): string {
    return this.#pathOf(hash)
  }

  /** Remove a file; it may be gone already. */
  async remove(hash: string): Promise<void> {
    await rm(this.#pathOf(hash), { force: true })
  }

  /** Remove what arrived and was never placed, if nothing was written to it since `before` (milliseconds since 1970). Gives how many. */
  async sweep(before: number): Promise<number> {
    const incoming = join(this.#folder, 'incoming')
    let removed = 0
    for (const name of await namesIn(incoming)) {
      try {
        const { mtimeMs } = await stat(join(incoming, name))
        if (mtimeMs >= before) continue
        await unlink(join(incoming, name))
        removed += 1
      } catch (error) {
        // Another process may have been quicker.
        if (!isMissing(error)) throw error
      }
    }
    return removed
  }

  async #place(from: string, hash: string): Promise<void> {
    const files = join(this.#folder, 'files')
    const shelf = join(files, hash.slice(0, 2))
    await makePrivateFolder(files)
    if ((await mkdir(shelf, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(files)
    try {
      await link(from, this.#pathOf(hash))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    await syncFolder(shelf)
  }

  #pathOf(hash: string): string {
    assert(isHash.test(hash), 'a file is named by its hash')
    return join(this.#folder, 'files', hash.slice(0, 2), hash.slice(2))
  }
}

async function writeHashed(path: string, chunks: AsyncIterable<Uint8Array>): Promise<{ readonly hash: string; readonly bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of chunks) {
      hash.update(chunk)
      for (let written = 0; written < chunk.byteLength;) {
        written += (await file.write(chunk, written, chunk.byteLength - written)).bytesWritten
      }
      bytes += chunk.byteLength
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { hash: hash.digest('hex'), bytes }
}

async function* readFrom(file: FileHandle, start: number, count: number): AsyncGenerator<Uint8Array, void> {
  let position = start
  for (let left = count; left > 0;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, blobReadBytes)), 0, undefined, position)
    if (bytesRead === 0) throw new Error('a file is shorter than it was')
    yield buffer.subarray(0, bytesRead)
    position += bytesRead
    left -= bytesRead
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Did the system say that there is no room left on the disk? */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}
