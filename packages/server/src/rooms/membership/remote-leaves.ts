import {
  parseRoomId,
  parseServerName,
  parseUserId,
  roomRules,
  type JsonObject,
  type RoomId,
  type ServerName,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { Turns } from '../../federation/turns.ts'
import { limits } from '../../limits.ts'
import type { Logger } from '../../platform/logger.ts'
import { membershipIn } from '../../storage/tables/memberships.ts'
import { deleteRemoteLeave, postponeRemoteLeave, remoteLeaves, type RemoteLeaveRow } from '../../storage/tables/remote-leaves.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { MembershipPeers } from './membership-peers.ts'
import { buildOwnEvent } from './own-event.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly membershipPeers: MembershipPeers
  readonly log: Logger
  /** May this process write rooms of this shard? */
  readonly owns: (shard: number) => boolean
}

/** A declined invite, or a knock that was taken back, and whom to tell. */
export interface ToldLeave {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly servers: readonly ServerName[]
  /** The number of the event by which the user's devices know it. */
  readonly event: number
  /** Attempts so far, and when the next one is due, milliseconds since 1970. */
  readonly attempts: number
  readonly nextAt: number
  /** Is there a row of it? Else there is one attempt. */
  readonly isKept: boolean
}

/**
 * Tells other servers that users of ours declined their invites or took their knocks back: at once, and some times later while
 * nobody can be reached (`leaveRetriesMs`); not if the user is invited or knocks again meanwhile. Each is a row until then, worked
 * off by the process that owns the room, and taken up again at start.
 */
export class RemoteLeaves {
  readonly #ports: Ports
  readonly #turns = new Turns(limits.leavesToldAtOnce, limits.leaveRetriesWaitingMax)
  /** What waits or is being told, by room and user: aborted when it ends. */
  readonly #running = new Map<string, AbortController>()
  #stopped = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** May one more wait for another attempt? */
  get hasRoom(): boolean {
    return this.#running.size < limits.leaveRetriesWaitingMax
  }

  /** Take up what earlier owners of these shards left. */
  async start(shards: ReadonlySet<number>): Promise<void> {
    for (const row of await remoteLeaves(this.#ports.engine.ports.db, [...shards], limits.leaveRetriesWaitingMax)) {
      const leave = leaveOf(row)
      if (leave !== undefined) this.tell(leave)
    }
  }

  /** Tell it in the background, in the place of what the user did there before. */
  tell(leave: ToldLeave): void {
    if (this.#stopped) return
    const name = `${leave.roomId} ${leave.userId}`
    this.#running.get(name)?.abort()
    const run = new AbortController()
    this.#running.set(name, run)
    this.#run(leave, run.signal)
      .catch((err: unknown) => this.#ports.log.warn({ err, room: leave.roomId }, 'that a user of ours leaves could not be told'))
      .finally(() => {
        if (this.#running.get(name) === run) this.#running.delete(name)
      })
  }

  /** Begin nothing more. What waits for another server is left to end by itself. */
  stop(): void {
    this.#stopped = true
    for (const run of this.#running.values()) run.abort()
  }

  async #run(leave: ToldLeave, signal: AbortSignal): Promise<void> {
    const { engine, owns } = this.#ports
    const { clock, db } = engine.ports
    const { roomId, userId, event } = leave
    let { attempts, nextAt } = leave
    for (;;) {
      // Not for longer than any pause is, whatever became of the clock.
      await clock.sleep(Math.max(0, Math.min(nextAt - clock.now(), longestPause)), signal)
      const view = signal.aborted ? undefined : await engine.view(roomId)
      // Another process has the room: it has read the row.
      if (view === undefined || !owns(view.shard)) return
      const isSettled = !(await isStillSo(engine, view, leave)) || (await this.#turns.run(() => this.#tellOneOf(view, leave)))
      if (signal.aborted) return
      const pause = limits.leaveRetriesMs[attempts]
      if (isSettled === true || pause === undefined || !leave.isKept) break
      attempts += 1
      nextAt = clock.now() + pause
      await db.commit({ steps: [{ query: postponeRemoteLeave(view.room, userId, event, attempts, nextAt) }] })
    }
    const view = await engine.view(roomId)
    if (leave.isKept && view !== undefined) await db.commit({ steps: [{ query: deleteRemoteLeave(view.room, userId, event) }] })
  }

  /** Has one of them taken it, or did all that were reached refuse it? Else there is a use in trying again. */
  async #tellOneOf(view: RoomView, leave: ToldLeave): Promise<boolean> {
    const [event] = await loadEvents(this.#ports.engine.ports.db, view, [leave.event])
    const reason = event?.pdu.content['reason']
    const content: JsonObject = { ...(reason === undefined ? {} : { reason }), membership: 'leave' }
    let isSettled = true
    for (const server of leave.servers) {
      try {
        await this.#tellServer(view, leave, server, content)
        return true
      } catch (error) {
        this.#ports.log.info({ err: error, server, room: leave.roomId }, 'a server did not take in that a user of ours leaves')
        if (!(error instanceof MatrixError) || error.status >= 500) isSettled = false
      }
    }
    return isSettled
  }

  async #tellServer(view: RoomView, { roomId, userId }: ToldLeave, server: ServerName, content: JsonObject): Promise<void> {
    const { engine, membershipPeers } = this.#ports
    const template = await membershipPeers.make(server, 'leave', roomId, userId, [view.rules.version])
    const rules = roomRules(template.roomVersion ?? view.rules.version) ?? view.rules
    const pdu = buildOwnEvent(engine.ports, template.event, { roomId, rules, userId, content })
    await membershipPeers.sendLeave(server, roomId, pdu.eventId, pdu.object)
  }
}

const longestPause = Math.max(...limits.leaveRetriesMs)

async function isStillSo({ ports }: RoomEngine, view: RoomView, { userId, event }: ToldLeave): Promise<boolean> {
  const row = await membershipIn(ports.db, view.room, userId)
  return row?.membership === 'leave' && row.event === event
}

function leaveOf(row: RemoteLeaveRow): ToldLeave | undefined {
  const [roomId, userId] = [parseRoomId(row.room_id), parseUserId(row.user_id)]
  const listed: unknown = JSON.parse(row.servers)
  if (roomId === undefined || userId === undefined || !Array.isArray(listed)) return undefined
  const servers = listed.flatMap((name: unknown) => (typeof name === 'string' ? (parseServerName(name) ?? []) : []))
  return { roomId, userId, servers, event: row.event, attempts: row.attempts, nextAt: row.next_at, isKept: true }
}
