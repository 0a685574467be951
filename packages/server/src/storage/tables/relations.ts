import type { Database } from '../database.ts'
import { In, sql } from '../sql.ts'
import { insertNew, remove } from '../table-write.ts'
import type { HistoryPlace } from './events.ts'

/** What events relate to. Bound: one row an event that relates to another, purged with its room. */
export const insertRelation = insertNew({
  name: 'relations.insert',
  table: 'relations',
  key: ['room', 'child'],
  columns: {
    room: 'int',
    child: 'int',
    parent: 'text',
    rel_type: 'text',
    depth: 'int',
    pos: 'int',
    sender: 'int',
    ts: 'int',
    annotation: 'int',
  },
})

/** A redacted event relates to nothing any more. */
export const removeRelation = remove({ name: 'relations.remove', table: 'relations', columns: { room: 'int', child: 'int' } })

/** Has any event of a room a relation? */
export async function hasRelations(db: Database, room: number): Promise<boolean> {
  return (await db.first(sql<{ child: number }>('relations.any')`SELECT child FROM relations WHERE room = ${room} LIMIT 1`)) !== undefined
}

/** How often a sender's events of one kind relate to a parent. */
export interface RelationCountRow {
  readonly parent: string
  readonly rel_type: string
  readonly sender: number
  readonly count: number
}

/** The relations that servers aggregate, counted by parent, kind and sender. Bound: the parents' children, one pass over an index. */
export async function relationCounts(db: Database, room: number, parents: readonly string[]): Promise<RelationCountRow[]> {
  const rows = await db.all(sql<RelationCountRow>('relations.counts')`
    SELECT parent, rel_type, sender, CAST(count(*) AS bigint) AS count FROM relations
    WHERE room = ${room} AND parent ${new In(parents)} AND rel_type IN ('m.replace', 'm.thread', 'm.reference')
    GROUP BY parent, rel_type, sender`)
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/** A child in history order. */
export interface ChildRow {
  readonly child: number
  readonly depth: number
  readonly pos: number
}

/** The newest children of one kind, in history order, newest first. */
export function newestChildren(db: Database, room: number, parent: string, relType: string, limit: number): Promise<ChildRow[]> {
  return db.all(sql<ChildRow>('relations.newest')`
    SELECT child, depth, pos FROM relations WHERE room = ${room} AND parent = ${parent} AND rel_type = ${relType}
    ORDER BY depth DESC, pos DESC LIMIT ${limit}`)
}

/** The oldest children of one kind, in history order, oldest first. */
export function oldestChildren(db: Database, room: number, parent: string, relType: string, limit: number): Promise<ChildRow[]> {
  return db.all(sql<ChildRow>('relations.oldest')`
    SELECT child, depth, pos FROM relations WHERE room = ${room} AND parent = ${parent} AND rel_type = ${relType}
    ORDER BY depth, pos LIMIT ${limit}`)
}

/** A sender's edits of an event, those with the latest time of their own first. */
export function latestEdits(db: Database, room: number, parent: string, sender: number, limit: number): Promise<ChildRow[]> {
  return db.all(sql<ChildRow>('relations.edits')`
    SELECT child, depth, pos FROM relations WHERE room = ${room} AND parent = ${parent} AND rel_type = 'm.replace' AND sender = ${sender}
    ORDER BY ts DESC, child DESC LIMIT ${limit}`)
}

/** A sender's annotations of an event with one hash of type and key. */
export function annotationsOf(db: Database, room: number, parent: string, sender: number, annotation: number): Promise<ChildRow[]> {
  return db.all(sql<ChildRow>('relations.annotations')`
    SELECT child, depth, pos FROM relations
    WHERE room = ${room} AND parent = ${parent} AND sender = ${sender} AND annotation = ${annotation} LIMIT 10`)
}

/** A child with its kind. */
export interface RelatedRow extends ChildRow {
  readonly parent: string
  readonly rel_type: string
}

/** Children of an event before a place, newest first. `relType`: '' is any. */
export function childrenBefore(
  db: Database,
  room: number,
  parent: string,
  relType: string,
  place: HistoryPlace,
  limit: number,
): Promise<RelatedRow[]> {
  return db.all(sql<RelatedRow>('relations.before')`
    SELECT child, depth, pos, parent, rel_type FROM relations
    WHERE room = ${room} AND parent = ${parent} AND (depth, pos) < (${place.depth}, ${place.pos})
      AND (${relType} = '' OR rel_type = ${relType})
    ORDER BY depth DESC, pos DESC LIMIT ${limit}`)
}

/** Children of an event after a place, oldest first. `relType`: '' is any. */
export function childrenAfter(
  db: Database,
  room: number,
  parent: string,
  relType: string,
  place: HistoryPlace,
  limit: number,
): Promise<RelatedRow[]> {
  return db.all(sql<RelatedRow>('relations.after')`
    SELECT child, depth, pos, parent, rel_type FROM relations
    WHERE room = ${room} AND parent = ${parent} AND (depth, pos) > (${place.depth}, ${place.pos})
      AND (${relType} = '' OR rel_type = ${relType})
    ORDER BY depth, pos LIMIT ${limit}`)
}

/** Children of any of some events, with their ids, newest first. */
export function childrenOfAll(
  db: Database,
  room: number,
  parents: readonly string[],
  limit: number,
): Promise<(RelatedRow & { readonly event_id: string })[]> {
  return db.all(sql<RelatedRow & { readonly event_id: string }>('relations.ofAll')`
    SELECT r.child, r.depth, r.pos, r.parent, r.rel_type, (SELECT e.event_id FROM events e WHERE e.room = r.room AND e.event = r.child) AS event_id
    FROM relations r
    WHERE r.room = ${room} AND r.parent ${new In(parents)} ORDER BY r.depth DESC, r.pos DESC LIMIT ${limit}`)
}

/** Who relates to some events, and how. */
export interface RelatedByRow {
  readonly parent: string
  readonly rel_type: string
  readonly sender: number
}

/** The kinds and senders of the relations to some events. */
export function relatedBy(db: Database, room: number, parents: readonly string[], limit: number): Promise<RelatedByRow[]> {
  return db.all(sql<RelatedByRow>('relations.relatedBy')`
    SELECT DISTINCT parent, rel_type, sender FROM relations WHERE room = ${room} AND parent ${new In(parents)} LIMIT ${limit}`)
}

/** An event in a thread; `newest` is 1 when none of its thread comes after it. */
export interface ThreadRow extends ChildRow {
  readonly parent: string
  readonly newest: number
}

/** Events in threads before a place in history order, newest first. */
export function threadsBefore(db: Database, room: number, place: HistoryPlace, limit: number): Promise<ThreadRow[]> {
  return db.all(sql<ThreadRow>('relations.threads')`
    SELECT r.child, r.depth, r.pos, r.parent, CASE WHEN EXISTS (
      SELECT 1 FROM relations n WHERE n.room = r.room AND n.parent = r.parent AND n.rel_type = 'm.thread'
        AND (n.depth, n.pos) > (r.depth, r.pos)) THEN 0 ELSE 1 END AS newest
    FROM relations r WHERE r.room = ${room} AND r.rel_type = 'm.thread' AND (r.depth, r.pos) < (${place.depth}, ${place.pos})
    ORDER BY r.depth DESC, r.pos DESC LIMIT ${limit}`)
}
