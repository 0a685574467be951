import type { UnitOutcome } from '../commit-lane.ts'
import type { CommitUnit } from '../database.ts'
import { codeOf, type Answer, type Connection } from './connection.ts'
import { GroupTransaction, isUnitFault, UnitAtFault, type Fence } from './group-transaction.ts'
import { groupTriesMax } from './limits.ts'
import { MergedRows, type WireStatement } from './merge-rows.ts'
import { statementText } from './statement-text.ts'
import { BadValue, toWire, type Wire } from './values.ts'

/** A group on its way to the database. */
export interface Group {
  readonly fence: Fence
  readonly units: readonly CommitUnit[]
  /** The last stream position that the group holds. */
  readonly position: number
  /** What others are told after the commit; absent when there is nobody to tell. */
  readonly wakeUp: string | undefined
}

/**
 * Write a group of units in one transaction. Units without steps travel together, one statement per declared write, in one
 * burst with the transaction's frame. A unit that refuses or fails is undone alone. Rejects with `Fenced`, or with what
 * failed the transaction: then nothing was written, or, with `ConnectionLost`, nobody knows.
 */
export async function applyGroup(connection: Connection, group: Group): Promise<readonly UnitOutcome[]> {
  let together = true
  for (let tries = 1; ; tries += 1) {
    const transaction = new GroupTransaction(connection)
    try {
      return await attempt(transaction, group, together)
    } catch (error) {
      await transaction.rollBack()
      if (together && (error instanceof UnitAtFault || error instanceof BadValue)) together = false
      else if (!wasRolledBackForOthers(error) || tries >= groupTriesMax) throw error
    }
  }
}

async function attempt(transaction: GroupTransaction, group: Group, together: boolean): Promise<UnitOutcome[]> {
  const { units } = group
  transaction.begin(group.fence, group.position, shardsOf(units))
  const broken = new Set<object>()
  const merged = new MergedRows()
  const outcomes: UnitOutcome[] = []
  for (const unit of units) {
    const chains = unit.chains ?? []
    if (chains.some((chain) => broken.has(chain))) {
      outcomes.push({ failed: 'an earlier write of the same room failed' })
      for (const chain of chains) broken.add(chain)
    } else if (together && (unit.steps ?? []).length === 0) {
      merged.add(unit.rows ?? [])
      outcomes.push({ committed: true, results: [] })
    } else {
      transaction.rows(merged.take(), 'rows')
      const outcome = await applyUnit(transaction, unit)
      outcomes.push(outcome)
      if (!('committed' in outcome && outcome.committed)) for (const chain of chains) broken.add(chain)
    }
  }
  transaction.rows(merged.take(), 'rows')
  await transaction.commit(group.wakeUp)
  return outcomes
}

/** One unit by itself, undone if it refuses or fails. */
async function applyUnit(transaction: GroupTransaction, unit: CommitUnit): Promise<UnitOutcome> {
  // What came before must not be taken for this unit's fault.
  await transaction.settle()
  const statements = toStatements(unit)
  if (statements instanceof BadValue) return { failed: statements.message }
  transaction.beginUnit()
  const steps = unit.steps ?? []
  const answers = statements.steps.map(({ text, values }) => transaction.step(text, values))
  transaction.rows(statements.rows, 'unit')
  let fault: unknown
  try {
    await transaction.settle()
  } catch (error) {
    if (!isUnitFault(error)) throw error
    fault = error
  }
  // A step that refuses goes before a failure of what was sent behind it.
  const done = await Promise.allSettled(answers)
  const refusedBy = done.findIndex((answer, index) => answer.status === 'fulfilled' && refuses(answer.value, steps[index]?.expect))
  const keep = fault === undefined && refusedBy < 0
  transaction.endUnit(keep)
  if (refusedBy >= 0) return { committed: false, refusedBy }
  if (fault !== undefined) return { failed: fault instanceof Error ? fault.message : String(fault) }
  return { committed: true, results: done.map((answer) => (answer.status === 'fulfilled' ? [...answer.value.rows] : [])) }
}

interface UnitStatements {
  readonly steps: readonly { readonly text: string; readonly values: readonly Wire[] }[]
  readonly rows: readonly WireStatement[]
}

function toStatements(unit: CommitUnit): UnitStatements | BadValue {
  try {
    const merged = new MergedRows()
    merged.add(unit.rows ?? [])
    const steps = (unit.steps ?? []).map(({ query }) => ({ text: statementText(query), values: query.values.map(toWire) }))
    return { steps, rows: merged.take() }
  } catch (error) {
    if (error instanceof BadValue) return error
    throw error
  }
}

function refuses(answer: Answer, expect: number | undefined): boolean {
  return expect !== undefined && answer.count !== expect
}

function shardsOf(units: readonly CommitUnit[]): number[] {
  return [...new Set(units.flatMap(({ shards }) => shards ?? []))]
}

/** Deadlock or serialization failure: the database undid everything, so writing it again is safe. */
function wasRolledBackForOthers(error: unknown): boolean {
  return codeOf(error) === '40P01' || codeOf(error) === '40001'
}
