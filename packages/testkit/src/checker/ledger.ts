import { closeSync, fdatasync, openSync, write } from 'node:fs'
import { promisify } from 'node:util'
import type { Operation, Outcome } from './operation.ts'

/** Who asked for an operation. */
export interface Actor {
  readonly userId: string
  readonly deviceId: string
}

/** One line's worth of the ledger: what was to be done, and what is known of it. */
export interface Entry extends Actor {
  /** The place in the order in which operations were begun. */
  readonly n: number
  readonly operation: Operation
  /** Undefined until there is an answer; an operation without one has an unknown outcome. */
  readonly outcome: Outcome | undefined
  /** Operations from this number on were begun after the outcome was known. */
  readonly settledBefore: number
}

/**
 * What the load clients asked for and what they were told, on a disk that the server under test does not write to. An
 * operation is begun only when its intent is on the disk; lines that come together are flushed together.
 */
export class Ledger {
  readonly #file: number
  readonly #entries: Entry[] = []
  #lines: string[] = []
  #flushing: Promise<void> | undefined

  /** Append to the file at `path`. */
  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600)
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  /** Write down that an operation is about to be asked for. Gives its number when that is on the disk. */
  async intend(actor: Actor, operation: Operation): Promise<number> {
    const n = this.#entries.length
    const { userId, deviceId } = actor
    this.#entries.push({ n, userId, deviceId, operation, outcome: undefined, settledBefore: Infinity })
    this.#lines.push(JSON.stringify({ intent: n, userId, deviceId, operation }))
    await this.flush()
    return n
  }

  /** Write down what is known of an operation now. */
  settle(n: number, outcome: Outcome): void {
    const entry = this.#entries[n]
    if (entry === undefined || entry.outcome !== undefined) throw new Error(`operation ${n} is not open`)
    this.#entries[n] = { ...entry, outcome, settledBefore: this.#entries.length }
    this.#lines.push(
      JSON.stringify({ [outcome.kind]: n, ...(outcome.kind === 'ack' ? { eventId: outcome.eventId } : { why: outcome.why }) }),
    )
  }

  /** Resolves when every line so far is on the disk. */
  async flush(): Promise<void> {
    // A flush that runs already may have begun before the newest line.
    await this.#flushing
    if (this.#lines.length === 0) return this.#flushing
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async close(): Promise<void> {
    await this.flush()
    closeSync(this.#file)
  }

  async #write(): Promise<void> {
    const text = Buffer.from(`${this.#lines.join('\n')}\n`)
    this.#lines = []
    for (let at = 0; at < text.length;) at += (await promisify(write)(this.#file, text, at)).bytesWritten
    await promisify(fdatasync)(this.#file)
  }
}
