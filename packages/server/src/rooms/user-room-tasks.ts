import { isJsonObject, membershipOf, parseJson, parseRoomId, parseUserId, type JsonObject, type UserId } from '@causeway/events'
import { MatrixError } from '../errors.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import { membershipsOf } from '../storage/tables/memberships.ts'
import { deleteUserRoomTask, nextUserRoomTasks, type UserRoomTaskRow } from '../storage/tables/user-room-tasks.ts'
import { stateFor } from './engine/view-state.ts'
import type { RoomPorts } from './room-methods.ts'
import { RowWork } from './row-work.ts'
import type { Rooms } from './rooms.ts'

/** Milliseconds before a task that failed is looked at again. */
const retryMs = 30_000
/** Tasks read at once. */
const batch = 20

/**
 * What accounts ask of rooms: a changed profile is shown in the user's rooms, a deactivated user leaves them. The tasks are
 * rows, worked off in the background and taken up again at start; each room's part is idempotent.
 */
export class UserRoomTasks {
  readonly #ports: RoomPorts & { readonly clock: Clock; readonly log: Logger }
  readonly #rooms: Rooms
  readonly #work: RowWork

  constructor(ports: RoomPorts & { readonly clock: Clock; readonly log: Logger }, rooms: Rooms) {
    this.#ports = ports
    this.#rooms = rooms
    this.#work = new RowWork(
      { ...ports, db: ports.engine.ports.db },
      { kind: 'user-room-task', round: () => this.#round(), retryMs, failure: 'tasks of users in their rooms could not be read' },
    )
  }

  start(): void {
    this.#work.start()
  }

  stop(): void {
    this.#work.stop()
  }

  async #round(): Promise<{ more: boolean; later: boolean }> {
    const { db } = this.#ports.engine.ports
    let [more, later] = [false, false]
    for (const task of await nextUserRoomTasks(db, batch)) {
      const userId = parseUserId(task.user_id)
      if (userId === undefined) continue
      if (await this.#done(task, userId)) {
        await db.commit({ steps: [{ query: deleteUserRoomTask(task.id) }] })
        more = true
      } else {
        later = true
      }
    }
    return { more, later }
  }

  /** One task, in all rooms of the user. False if a room could not be reached and it has to be tried again. */
  async #done(task: UserRoomTaskRow, userId: UserId): Promise<boolean> {
    const profile = task.kind === 'profile-changed' ? await this.#ports.profileOf(userId) : undefined
    let complete = true
    for (const row of await membershipsOf(this.#ports.engine.ports.db, userId)) {
      const roomId = parseRoomId(row.room_id)
      if (roomId === undefined) continue
      try {
        if (profile !== undefined && row.membership === 'join') await this.#showProfile(roomId, userId, profile)
        if (task.kind === 'leave-all-rooms' && ['join', 'invite', 'knock'].includes(row.membership)) {
          await this.#rooms.changeMembership({ roomId, sender: userId, target: userId, action: 'leave' })
        }
      } catch (error) {
        // A room that refuses will refuse again; only what is unknown is worth another try.
        if (error instanceof MatrixError && error.status < 500) continue
        this.#ports.log.warn({ err: error, room: roomId }, 'a room could not be told of a change of its member')
        complete = false
      }
    }
    return complete
  }

  async #showProfile(roomId: Parameters<Rooms['forget']>[0], userId: UserId, profile: JsonObject): Promise<void> {
    const { engine } = this.#ports
    const view = await engine.view(roomId)
    if (view === undefined) return
    const state = await stateFor(engine.ports.db, view, view.current, [['m.room.member', userId]])
    const current = state.get('m.room.member', userId)
    if (current === undefined || membershipOf(state, userId) !== 'join') return
    const { displayname: _name, avatar_url: _avatar, join_authorised_via_users_server: _authoriser, ...rest } = current.content
    await this.#rooms.send({ roomId, sender: userId, type: 'm.room.member', stateKey: userId, content: plain({ ...rest, ...profile }) })
  }
}

/** Content as the room methods take it. */
function plain(content: JsonObject): Readonly<Record<string, unknown>> {
  const copy = parseJson(JSON.stringify(content))
  return copy.ok && isJsonObject(copy.value) ? copy.value : {}
}
