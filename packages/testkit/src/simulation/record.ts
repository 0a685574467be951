import { createHash } from 'node:crypto'

/** What was found to be wrong: the name of the promise that was broken, and how it shows. */
export interface Finding {
  readonly promise: string
  readonly what: string
}

/** What happened in a world, in order: for people to read, and as a hash that tells two runs apart. */
export class Record {
  readonly #hash = createHash('sha256')
  /** Milliseconds since the beginning. */
  readonly now: () => number
  readonly #lines: string[] = []
  readonly findings: Finding[] = []
  /** Are lines kept, and the network's too? */
  readonly #keep: boolean

  constructor(now: () => number, keep: boolean) {
    this.now = now
    this.#keep = keep
  }

  /** Something that people read when they look for the cause of a finding. */
  note(line: string): void {
    const text = `${String(this.now()).padStart(8)} ${line}`
    this.#hash.update(text).update('\n')
    if (this.#keep) this.#lines.push(text)
  }

  /** Part of the hash only. */
  trace(line: string): void {
    this.#hash.update(`${this.now()} ${line}\n`)
  }

  find(promise: string, what: string): void {
    this.findings.push({ promise, what })
    this.note(`BROKEN ${promise}: ${what}`)
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }
}
