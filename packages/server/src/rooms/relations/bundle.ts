import type { EventId } from '@causeway/events'
import { isJsonObject } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { newestChildren } from '../../storage/tables/relations.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { EventNumber } from '../engine/state-vector.ts'
import { standing, type StoredEvent } from '../engine/stored-event.ts'
import { clientEvent, type Reading } from '../history/client-event.ts'
import type { RoomSight } from '../history/room-sight.ts'
import { repliesJudgedMax } from './limits.ts'
import { relationOf } from './relation-of.ts'
import type { ParentSummary, ThreadSummary } from './room-relations.ts'

/** Whose events a reader is not shown. */
export type IgnoredUsers = ReadonlySet<string>

interface Reader {
  readonly db: Database
  readonly sight: RoomSight
  readonly reading: Reading
  readonly ignored: IgnoredUsers
}

/**
 * Make the aggregations of the children of events that are about to be shown: `clientEvent` puts them into `unsigned`.
 * Only what the reader may see counts, and nothing of users whom they ignore (Client-Server API, "Aggregations of child
 * events"). In a room without relations nothing is done.
 */
export async function bundleRelations(
  db: Database,
  sight: RoomSight,
  events: readonly StoredEvent[],
  reading: Reading,
  ignoredBy: IgnoredUsers | (() => Promise<IgnoredUsers>),
): Promise<void> {
  if (!sight.view.relations.any || events.length === 0) return
  const ignored = typeof ignoredBy === 'function' ? await ignoredBy() : ignoredBy
  await bundle({ db, sight, reading, ignored }, events, true)
}

async function bundle(reader: Reader, events: readonly StoredEvent[], withThreads: boolean): Promise<void> {
  const { db, sight } = reader
  const { view } = sight
  const parents = events.filter((event) => isParent(event) && !sight.isBundled(event))
  const summaries = await view.relations.of(
    db,
    view.room,
    parents.map(({ pdu }) => pdu.eventId),
  )
  for (const parent of parents) {
    const summary = summaries.get(parent.pdu.eventId)
    if (summary === undefined) continue
    const thread = withThreads ? await threadOf(reader, parent, summary.thread) : undefined
    const members = [await editOf(reader, parent, summary), thread?.json, await referencesOf(reader, summary.references)].filter(
      (member) => member !== undefined,
    )
    if (members.length > 0) sight.bundle(parent, `{${members.join(',')}}`, thread)
  }
}

/** State events have no aggregations, and what edits or annotates others has none either. */
function isParent({ isState, pdu }: StoredEvent): boolean {
  if (isState) return false
  const type = relationOf(pdu)?.type
  return type !== 'm.replace' && type !== 'm.annotation'
}

/** The latest valid edit (Client-Server API, "Validity of replacement events"). */
async function editOf(reader: Reader, parent: StoredEvent, summary: ParentSummary): Promise<string | undefined> {
  const { db, sight, reading, ignored } = reader
  const { view } = sight
  if (!summary.editors.has(parent.sender) || parent.redactedBy !== undefined || ignored.has(parent.pdu.sender)) return undefined
  const edits = await visible(reader, await view.relations.editsOf(db, view.room, parent.pdu.eventId, parent.sender))
  let latest: StoredEvent | undefined
  for (const edit of edits) if (isValidEdit(edit, parent) && (latest === undefined || isLater(edit, latest))) latest = edit
  return latest === undefined ? undefined : `"m.replace":${clientEvent(latest, sight, reading)}`
}

function isValidEdit(edit: StoredEvent, parent: StoredEvent): boolean {
  const { type, sender, content } = edit.pdu
  if (edit.isState || type !== parent.pdu.type || sender !== parent.pdu.sender) return false
  const replacement = content['m.new_content']
  return type === 'm.room.encrypted' || (replacement !== undefined && isJsonObject(replacement))
}

function isLater({ pdu: a }: StoredEvent, { pdu: b }: StoredEvent): boolean {
  return a.originServerTs > b.originServerTs || (a.originServerTs === b.originServerTs && a.eventId > b.eventId)
}

async function threadOf(
  reader: Reader,
  root: StoredEvent,
  thread: ThreadSummary | undefined,
): Promise<{ readonly json: string; readonly participated: boolean } | undefined> {
  if (thread === undefined) return undefined
  const { sight, reading } = reader
  const own = sight.view.keys.find('m.room.member', sight.userId) ?? 0
  const seen = await repliesSeen(reader, root.pdu.eventId, thread)
  if (seen === undefined) return undefined
  await bundle(reader, [seen.latest], false)
  const participated = root.sender === own || thread.bySender.has(own)
  const latest = clientEvent(seen.latest, sight, reading)
  const json = `"m.thread":{"latest_event":${latest},"count":${seen.count},"current_user_participated":${participated}}`
  return { json, participated }
}

/**
 * The newest reply that the reader may see, and how many they may see. Whoever may read the oldest one and the newest one
 * has been there all the while; for others each reply is judged.
 */
async function repliesSeen(
  reader: Reader,
  root: EventId,
  thread: ThreadSummary,
): Promise<{ readonly latest: StoredEvent; readonly count: number } | undefined> {
  const { db, sight, ignored } = reader
  const { view } = sight
  const newest = await visible(reader, thread.newest)
  const latest = newest.find(({ pdu }) => !ignored.has(pdu.sender))
  const seesOldest = (await visible(reader, [thread.oldest])).length > 0
  if (latest !== undefined && seesOldest && newest.length === thread.newest.length) {
    let count = 0
    for (const [sender, replies] of thread.bySender) if (!ignored.has(view.keys.at(sender)?.stateKey ?? '')) count += replies
    return { latest, count }
  }
  const rows = await newestChildren(db, view.room, root, 'm.thread', repliesJudgedMax)
  const replies = await visible(
    reader,
    rows.map(({ child }) => child),
  )
  const shown = replies.filter(({ pdu }) => !ignored.has(pdu.sender))
  return shown[0] === undefined ? undefined : { latest: shown[0], count: shown.length }
}

async function referencesOf(reader: Reader, references: readonly EventNumber[]): Promise<string | undefined> {
  const shown = (await visible(reader, references)).filter(({ pdu }) => !reader.ignored.has(pdu.sender))
  if (shown.length === 0) return undefined
  return `"m.reference":{"chunk":[${shown.map(({ pdu }) => `{"event_id":${JSON.stringify(pdu.eventId)}}`).join(',')}]}`
}

/** Those of the events that the reader may see, in the same order. A redacted one relates to nothing any more. */
async function visible({ db, sight }: Reader, numbers: readonly EventNumber[]): Promise<StoredEvent[]> {
  if (numbers.length === 0) return []
  const events = (await loadEvents(db, sight.view, numbers)).filter(
    (event) => event.standing === standing.accepted && event.redactedBy === undefined,
  )
  await sight.load(events)
  return events.filter((event) => sight.sees(event))
}
