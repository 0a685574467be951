import { ConnectionLost, codeOf, type Answer, type Connection } from './connection.ts'
import type { WireStatement } from './merge-rows.ts'

/** The slot or a shard is not held any more with this epoch: nothing was written, and this process must not write on. */
export class Fenced extends Error {
  override readonly name = 'Fenced'
}

/** Who writes: the slot, and the epoch with which it and its shards are held. */
export interface Fence {
  readonly slot: number
  readonly epoch: number
}

/** Rows of several units fail together: the group must be written unit by unit, so that only the faulty one fails. */
export class UnitAtFault extends Error {
  override readonly name = 'UnitAtFault'
}

type Part = 'fence' | 'rows' | 'unit' | 'frame'

/**
 * Error classes for which one unit answers: 21 and 22 bad data, 23 a broken constraint, 42 a faulty statement. All others
 * concern the whole group.
 */
export function isUnitFault(error: unknown): boolean {
  return /^(2[123]|42)...$/.test(codeOf(error))
}

// Both fail with a division by zero, so that what is sent behind them fails too, without a wait for their answers.
const holdSlot = `WITH held AS (UPDATE slots SET position = greatest(position, $3) WHERE slot = $1 AND epoch = $2 RETURNING 1)
  SELECT 1 / count(*) FROM held`
const holdShards = `SELECT 1 / (CASE WHEN count(*) = $4 THEN 1 ELSE 0 END) FROM shards WHERE shard = ANY($3) AND slot = $1 AND epoch = $2`
const divisionByZero = '22012'

/**
 * One transaction of the commit lane. Statements are sent without waiting for the one before; `settle` waits for all and
 * finds the first that failed.
 *
 * Fencing: the transaction locks its slot's row first. Whoever takes over the slot, or any of its shards, must change that
 * row before, so it waits for this transaction, and every later one of the old holder is refused.
 */
export class GroupTransaction {
  readonly #connection: Connection
  #sent: { readonly part: Part; readonly answer: Promise<Answer> }[] = []

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** `position`: the last stream position of the group. `shards`: those that its units' rows belong to. */
  begin(fence: Fence, position: number, shards: readonly number[]): void {
    this.#send('frame', 'BEGIN')
    this.#send('fence', holdSlot, [fence.slot, fence.epoch, position])
    if (shards.length > 0) this.#send('fence', holdShards, [fence.slot, fence.epoch, `{${shards.join()}}`, shards.length])
  }

  rows(statements: readonly WireStatement[], part: 'rows' | 'unit'): void {
    for (const { text, values } of statements) this.#send(part, text, values)
  }

  /** What follows may be undone with `endUnit`. */
  beginUnit(): void {
    this.#send('frame', 'SAVEPOINT unit')
  }

  step(text: string, values: readonly (string | number | null)[]): Promise<Answer> {
    return this.#send('unit', text, values)
  }

  /** Keep or undo what was sent since `beginUnit`. */
  endUnit(keep: boolean): void {
    this.#send('frame', keep ? 'RELEASE unit' : 'ROLLBACK TO unit')
  }

  /**
   * Resolves when everything sent so far was done. Rejects with `Fenced`, with `UnitAtFault` for rows of several units, with
   * the database's error for a unit's own statement, or with what failed the transaction.
   */
  async settle(): Promise<Answer | undefined> {
    const sent = this.#sent
    this.#sent = []
    const answers = await Promise.allSettled(sent.map(({ answer }) => answer))
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'rejected') throw faultOf(sent[index]?.part ?? 'frame', answer.reason)
    }
    const last = answers.at(-1)
    return last?.status === 'fulfilled' ? last.value : undefined
  }

  /** Resolves when the transaction is durable. `wakeUp` is told to whoever listens, behind the commit. */
  async commit(wakeUp: string | undefined): Promise<void> {
    this.#send('frame', 'COMMIT')
    const settled = this.settle()
    // Apart from the transaction: a notification inside it would make all processes commit one after the other.
    if (wakeUp !== undefined) this.#connection.send(`SELECT pg_notify('causeway', $1)`, [wakeUp]).catch(ignoreLostWakeUp)
    const end = await settled
    if (end?.command !== 'COMMIT') throw new Error('the database rolled the group back')
  }

  /** End the transaction without a trace. */
  async rollBack(): Promise<void> {
    if (!this.#connection.isOpen) return
    const before = this.#sent
    this.#sent = []
    await Promise.allSettled(before.map(({ answer }) => answer))
    this.#send('frame', 'ROLLBACK')
    await this.settle()
  }

  #send(part: Part, text: string, values: readonly (string | number | null)[] = []): Promise<Answer> {
    const answer = this.#connection.send(text, values)
    this.#sent.push({ part, answer })
    return answer
  }
}

/** Readers poll as well. */
function ignoreLostWakeUp(): void {}

function faultOf(part: Part, error: unknown): Error {
  if (part === 'fence' && codeOf(error) === divisionByZero) {
    return new Fenced('another process has taken over what this one held', { cause: error })
  }
  if (part === 'rows' && isUnitFault(error)) return new UnitAtFault('rows of several units failed', { cause: error })
  return error instanceof Error ? error : new ConnectionLost(String(error))
}
