import { parseRoomId, serverOf, type RoomId, type ServerName } from '@causeway/events'
import { limits } from '../../limits.ts'
import type { Cancel } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { roomsWithUndecided } from '../../storage/tables/events.ts'
import { loadEvents } from '../engine/load-room.ts'
import { isRoomAnnouncement } from '../engine/room-announcement.ts'
import type { RoomEngine } from '../engine/room-engine.ts'
import { inGraph } from '../engine/stored-event.ts'
import type { Inbox } from './inbox.ts'

interface Ports {
  readonly engine: RoomEngine
  readonly inbox: Inbox
  readonly log: Logger
  /** Is a room of this shard ours to judge? */
  readonly owns: (shard: number) => boolean
}

/** What is planned for a room with undecided events. */
interface Plan {
  /** Milliseconds until the next attempt to fetch what is missing. */
  pause: number
  attempts: number
  retry: Cancel | undefined
  judge: Cancel | undefined
}

/**
 * Events that could not be decided on, because their past could not be had, are judged again: when something arrives that
 * they were waiting for, by whatever way, and now and then by asking for it, of one server in the room after the other.
 */
export class Undecided {
  readonly #ports: Ports
  readonly #plans = new Map<RoomId, Plan>()

  constructor(ports: Ports) {
    this.#ports = ports
    ports.inbox.onUndecided((roomId) => this.#planRetry(roomId))
    ports.engine.ports.db.onCommitted((announcements) => {
      for (const announcement of announcements) {
        if (!isRoomAnnouncement(announcement)) continue
        if (announcement.released === true) this.#planJudgement(announcement.roomId)
        if (announcement.completed === true) this.#planAnew(announcement.roomId)
      }
    })
  }

  /** Take up what is undecided in rooms of these shards. */
  async start(shards: ReadonlySet<number>): Promise<void> {
    for (const { room_id: text } of await roomsWithUndecided(this.#ports.engine.ports.db, limits.undecidedRoomsMax)) {
      const roomId = parseRoomId(text)
      const view = roomId === undefined ? undefined : await this.#ports.engine.view(roomId)
      if (view !== undefined && shards.has(view.shard)) this.#planRetry(view.roomId)
    }
  }

  #plan(roomId: RoomId): Plan {
    let plan = this.#plans.get(roomId)
    if (plan === undefined) {
      plan = { pause: limits.undecidedRetryMsMin, attempts: 0, retry: undefined, judge: undefined }
      this.#plans.set(roomId, plan)
    }
    return plan
  }

  #planJudgement(roomId: RoomId): void {
    const plan = this.#plan(roomId)
    const { clock } = this.#ports.engine.ports
    plan.judge ??= clock.schedule(limits.undecidedJudgeMs, () => {
      plan.judge = undefined
      this.#offer(roomId, plan, 'released')
    })
  }

  /** The room knows of other servers now, which may have what is missing. */
  #planAnew(roomId: RoomId): void {
    const plan = this.#plan(roomId)
    plan.retry?.()
    plan.retry = undefined
    plan.pause = limits.undecidedRetryMsMin
    this.#planRetry(roomId)
  }

  #planRetry(roomId: RoomId): void {
    const plan = this.#plan(roomId)
    const { clock, random } = this.#ports.engine.ports
    plan.retry ??= clock.schedule(plan.pause * (0.75 + random.uint32() / 2 ** 33), () => {
      plan.retry = undefined
      plan.pause = Math.min(plan.pause * 2, limits.undecidedRetryMsMax)
      this.#offer(roomId, plan, 'all')
    })
  }

  #offer(roomId: RoomId, plan: Plan, which: 'released' | 'all'): void {
    this.#enqueue(roomId, plan, which).catch((error: unknown) =>
      this.#ports.log.error({ err: error, room: roomId }, 'undecided events could not be judged again'),
    )
  }

  async #enqueue(roomId: RoomId, plan: Plan, which: 'released' | 'all'): Promise<void> {
    const { engine, inbox, owns } = this.#ports
    const view = await engine.view(roomId)
    if (view === undefined || !view.hasState || !owns(view.shard) || view.undecided.size === 0) {
      if (plan.retry === undefined && plan.judge === undefined) this.#plans.delete(roomId)
      return
    }
    const numbers = which === 'all' ? [...view.undecided.keys()] : [...view.released]
    const events = (await loadEvents(engine.ports.db, view, numbers)).filter((event) => !inGraph(event))
    // The first attempt asks its own server, the following ones whoever else is in the room.
    const others = [...view.servers.keys()].filter((server) => server !== engine.ports.serverName)
    const turn = which === 'all' ? plan.attempts++ : 0
    const origin = (sender: ServerName): ServerName =>
      turn % 2 === 0 ? sender : (others[(turn >> 1) % Math.max(1, others.length)] ?? sender)
    inbox.enqueue(
      roomId,
      events.map(({ pdu }) => ({ seq: undefined, origin: origin(serverOf(pdu.sender)), pdu })),
    )
    if (view.undecided.size > 0) this.#planRetry(roomId)
  }
}
