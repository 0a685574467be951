import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseEventId } from '@causeway/events'
import { arrayAt, objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { MatrixError } from '../../packages/testkit/src/client/matrix-error.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import type { Resident } from '../../packages/testkit/src/resident/resident.ts'

/** Milliseconds in which a killed process' leases have ended, and between two attempts. */
const LEASE_MS_MAX = 30_000
const RETRY_MS = 200

/** Milliseconds that a test waits for the whole state of a large room. */
const COMPLETE_MS_MAX = 600_000

/** What was measured, to be read by people: no test depends on it. Milliseconds and bytes. */
export interface Figures {
  joined: number
  firstSend: number
  complete: number
  othersP99: number
  othersMax: number
  rssBefore: number
  rssMax: number
}

/**
 * A user joins the resident's room while its state is withheld: they speak and hear before any of it is given, by the
 * resident's own log. Others are served meanwhile. Gives figures without `complete`.
 */
export async function joinAndSpeak(server: Homeserver, resident: Resident, user: MatrixClient): Promise<Figures> {
  const { roomId } = resident.room
  const rssBefore = rssOf(server)
  resident.hold()
  resident.log.length = 0
  const start = performance.now()
  await user.join(roomId, [resident.serverName])
  const joined = performance.now() - start
  const sent = await user.call('PUT', `v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/one`, { msgtype: 'm.text', body: 'here' })
  const firstSend = performance.now() - start
  await resident.heard('event m.room.message')
  const spoken = [...resident.log]
  assert(!spoken.some((entry) => entry.startsWith('state')), `nothing of the state was given before: ${spoken.join(', ')}`)

  const said = parseEventId(stringAt(sent, 'event_id'))
  assert(said !== undefined)
  const heard = resident.room.say({ eventId: said, depth: resident.room.last.depth + 2 }, 'member-1', 'welcome')
  const origin = `https://${server.serverName}`
  const answer = await resident.send(server.serverName, origin, [heard])
  assert.equal(answer.status, 200)
  const filter = encodeURIComponent(JSON.stringify({ room: { state: { lazy_load_members: true } } }))
  const sync = await user.call('GET', `v3/sync?filter=${filter}`)
  const timeline = arrayAt(sync, 'rooms', 'join', roomId, 'timeline', 'events').map((event) => stringAt(event, 'event_id'))
  assert(timeline.includes(said), 'who loads members lazily reads the room at once')
  const eager = await user.call('GET', 'v3/sync')
  assert.equal(objectAt(eager, 'rooms', 'join')[roomId], undefined, 'who wants all members waits for them')
  assert(!resident.log.some((entry) => entry.startsWith('state')), 'nor did reading need the state')
  return { joined, firstSend, complete: 0, othersP99: 0, othersMax: 0, rssBefore, rssMax: rssBefore }
}

/** A new room. After a kill the leases of the process before it have to end, and clients are told to come back. */
async function roomOf(user: MatrixClient): Promise<string> {
  const deadline = performance.now() + LEASE_MS_MAX
  for (;;) {
    try {
      return await user.createRoom({})
    } catch (error) {
      if (!(error instanceof MatrixError) || error.status !== 503 || performance.now() > deadline) throw error
      await pause(RETRY_MS)
    }
  }
}

/** Let the resident give the state; another user goes on in a room of their own until all members are known. */
export async function complete(
  server: Homeserver,
  resident: Resident,
  users: readonly [MatrixClient, MatrixClient],
  figures: Figures,
): Promise<void> {
  const [user, other] = users
  const room = await roomOf(other)
  const start = performance.now()
  resident.release()
  const done = new AbortController()
  const members = membersOf(user, resident.room.roomId).finally(() => done.abort())
  const waits: number[] = []
  for (let count = 0; !done.signal.aborted; count += 1) {
    const asked = performance.now()
    await other.call('PUT', `v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${count}`, { msgtype: 'm.text', body: `${count}` })
    waits.push(performance.now() - asked)
    figures.rssMax = Math.max(figures.rssMax, rssOf(server))
  }
  const known = await members
  figures.complete = performance.now() - start
  waits.sort((a, b) => a - b)
  figures.othersP99 = waits[Math.floor(waits.length * 0.99)] ?? 0
  figures.othersMax = waits.at(-1) ?? 0
  assertMembers(resident, known)
  const eager = await user.call('GET', 'v3/sync', undefined, COMPLETE_MS_MAX)
  assert.notEqual(objectAt(eager, 'rooms', 'join')[resident.room.roomId], undefined, 'the room is there for everybody')
}

/** These are the resident's members and one of ours. */
export function assertMembers(resident: Resident, known: readonly string[]): void {
  const expected = resident.room.state.filter((pdu) => pdu.type === 'm.room.member').map((pdu) => pdu.eventId)
  const missing = new Set<string>(expected)
  for (const id of known) missing.delete(id)
  assert.equal(missing.size, 0, `${missing.size} members are missing`)
  assert.equal(known.length, expected.length + 1, 'and nobody else but the user is there')
}

/** The ids of all member events; asks again when that takes longer than a request may, or while the room's owner is gone. */
export async function membersOf(user: MatrixClient, roomId: string): Promise<string[]> {
  const deadline = performance.now() + LEASE_MS_MAX
  for (;;) {
    const answer = await user.request('GET', `v3/rooms/${encodeURIComponent(roomId)}/members`, undefined, COMPLETE_MS_MAX)
    if (answer.status === 504) continue
    if (answer.status === 503 && performance.now() < deadline) {
      await pause(RETRY_MS)
      continue
    }
    assert.equal(answer.status, 200)
    return arrayAt(answer.body, 'chunk').map((event) => stringAt(event, 'event_id'))
  }
}

/** Bytes of memory that the server's process holds; 0 where the system does not tell. */
function rssOf(server: Homeserver): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.pid()}/status`, 'utf8'))
    return Number(line?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** The figures in a line. */
export function figuresText(figures: Figures): string {
  const s = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
  const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
  return (
    `joined ${s(figures.joined)}, first message ${s(figures.firstSend)}, complete ${s(figures.complete)}, others p99 ${figures.othersP99.toFixed(0)} ms, ` +
    `max ${figures.othersMax.toFixed(0)} ms, memory ${mb(figures.rssBefore)} -> at most ${mb(figures.rssMax)}`
  )
}
