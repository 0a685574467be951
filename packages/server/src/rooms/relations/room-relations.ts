import type { EventId } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { latestEdits, newestChildren, oldestChildren, relationCounts } from '../../storage/tables/relations.ts'
import { RecentMap } from '../engine/recent-map.ts'
import type { EventNumber, KeyNumber } from '../engine/state-vector.ts'
import { editsJudgedMax, newestRepliesMax, parentsInMemoryMax, referencesMax } from './limits.ts'

/** The replies of a thread. */
export interface ThreadSummary {
  /** How many there are of each sender. */
  readonly bySender: ReadonlyMap<KeyNumber, number>
  /** The newest ones in history order, newest first. */
  readonly newest: readonly EventNumber[]
  readonly oldest: EventNumber
}

/** What relates to an event, as far as servers aggregate it. */
export interface ParentSummary {
  readonly thread: ThreadSummary | undefined
  /** Who edited it. */
  readonly editors: ReadonlySet<KeyNumber>
  /** The oldest references to it. */
  readonly references: readonly EventNumber[]
}

const nothing: ParentSummary = { thread: undefined, editors: new Set(), references: [] }

/**
 * What a room in memory knows of its relations: whether it has any (without them nothing is asked of the database), the
 * summaries of the parents that were asked for last, and the annotations that are still on their way to the disk.
 */
export class RoomRelations {
  /** Has any event of the room a relation? */
  any = false
  /** Annotations that were placed and are not durable yet: see `annotationName`. */
  readonly unsettled = new Set<string>()
  readonly #summaries = new RecentMap<EventId, ParentSummary>(parentsInMemoryMax)
  readonly #edits = new RecentMap<string, readonly EventNumber[]>(parentsInMemoryMax)
  #version = 0

  /** The relations of a parent changed, or are about to. Called when the change is placed, and again when it is durable. */
  forget(parent: EventId, sender: KeyNumber): void {
    this.#version += 1
    this.#summaries.delete(parent)
    this.#edits.delete(`${parent} ${sender}`)
  }

  /** The summaries of those of the parents that anything relates to. One statement for those that are not in memory. */
  async of(db: Database, room: number, parents: readonly EventId[]): Promise<ReadonlyMap<EventId, ParentSummary>> {
    const found = new Map<EventId, ParentSummary>()
    if (!this.any) return found
    const absent: EventId[] = []
    for (const parent of parents) {
      const known = this.#summaries.get(parent)
      if (known === undefined) absent.push(parent)
      else if (known !== nothing) found.set(parent, known)
    }
    if (absent.length === 0) return found
    const version = this.#version
    const counts = Map.groupBy(await relationCounts(db, room, absent), (row) => row.parent)
    for (const parent of absent) {
      const rows = counts.get(parent) ?? []
      const summary = rows.length === 0 ? nothing : await summaryOf(db, room, parent, rows)
      if (summary !== nothing) found.set(parent, summary)
      // What was read while something changed may be old: it is good for this reader, and not kept.
      if (version === this.#version) this.#summaries.set(parent, summary)
    }
    return found
  }

  /** The latest edits of an event by one sender, by their own time, latest first. */
  async editsOf(db: Database, room: number, parent: EventId, sender: KeyNumber): Promise<readonly EventNumber[]> {
    const key = `${parent} ${sender}`
    const known = this.#edits.get(key)
    if (known !== undefined) return known
    const version = this.#version
    const edits = (await latestEdits(db, room, parent, sender, editsJudgedMax)).map(({ child }) => child)
    if (version === this.#version) this.#edits.set(key, edits)
    return edits
  }
}

/** The name under which an annotation is unsettled. */
export function annotationName(parent: EventId, sender: KeyNumber, annotation: number): string {
  return `${parent} ${sender} ${annotation}`
}

async function summaryOf(
  db: Database,
  room: number,
  parent: EventId,
  rows: readonly { readonly rel_type: string; readonly sender: number; readonly count: number }[],
): Promise<ParentSummary> {
  const of = (relType: string) => rows.filter((row) => row.rel_type === relType)
  const replies = of('m.thread')
  const newest = replies.length === 0 ? [] : await newestChildren(db, room, parent, 'm.thread', newestRepliesMax)
  const [oldest] = replies.length === 0 ? [] : await oldestChildren(db, room, parent, 'm.thread', 1)
  const references = of('m.reference').length === 0 ? [] : await oldestChildren(db, room, parent, 'm.reference', referencesMax)
  return {
    thread:
      oldest === undefined
        ? undefined
        : {
            bySender: new Map(replies.map(({ sender, count }) => [sender, count])),
            newest: newest.map(({ child }) => child),
            oldest: oldest.child,
          },
    editors: new Set(of('m.replace').map(({ sender }) => sender)),
    references: references.map(({ child }) => child),
  }
}
