import { membershipOfEvent, type RoomId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { loadEvents, loadNode } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import type { StateVector } from '../engine/state-vector.ts'
import type { StoredEvent } from '../engine/stored-event.ts'
import { bareEvent, contentOf, type Reading } from './client-event.ts'
import { membershipStepsMax } from './limits.ts'
import type { ReadingPorts } from './reading-ports.ts'
import { readableState, requireAccess, type RoomAccess } from './room-access.ts'
import { mapEvents, numbersInState } from './state-events.ts'

/** All state events that the user may read, as a JSON list. Throws M_FORBIDDEN. */
export async function readState(ports: ReadingPorts, roomId: RoomId, userId: UserId, reading: Reading): Promise<string> {
  const access = await wholeAccess(ports, roomId, userId)
  const state = await readableState(ports, access)
  const texts = await mapEvents(ports, access.view, numbersInState(access.view, state), (event) => bareEvent(event, reading))
  return `[${texts.join(',')}]`
}

/** One state event: its content alone, or as a client event. Throws M_FORBIDDEN, or M_NOT_FOUND if the state has no such key. */
export async function readStateEvent(
  ports: ReadingPorts,
  roomId: RoomId,
  userId: UserId,
  reading: Reading,
  wanted: { readonly type: string; readonly stateKey: string; readonly whole: boolean },
): Promise<string> {
  const partly = await requireAccess(ports.engine, roomId, userId)
  // Nothing but members can be missing.
  const missing = wanted.type === 'm.room.member' && partly.view.currentEvent(wanted.type, wanted.stateKey) === 0
  const access = missing ? await wholeAccess(ports, roomId, userId) : partly
  const state = await readableState(ports, access)
  const key = access.view.keys.find(wanted.type, wanted.stateKey)
  const number = key === undefined ? 0 : state.get(key)
  const [event] = number === 0 ? [] : await loadEvents(ports.db, access.view, [number])
  if (event === undefined) throw new MatrixError('M_NOT_FOUND', 'The room has no state of this type and key')
  return wanted.whole ? bareEvent(event, reading) : contentOf(event.pdu)
}

/** Access to a room all of whose state is here: for that of one that we have joined fast it is waited. Throws M_FORBIDDEN. */
async function wholeAccess(ports: ReadingPorts, roomId: RoomId, userId: UserId): Promise<RoomAccess> {
  const access = await requireAccess(ports.engine, roomId, userId)
  if (access.view.partial === undefined) return access
  await ports.complete(roomId)
  return requireAccess(ports.engine, roomId, userId)
}

/** Which members to list. */
export interface MembersWish {
  readonly membership: string | undefined
  readonly notMembership: string | undefined
  /** The live position at which to look; now if absent. */
  readonly at: number | undefined
}

/** The member events that the user may read, as JSON texts. Throws M_FORBIDDEN. */
export async function readMembers(
  ports: ReadingPorts,
  roomId: RoomId,
  userId: UserId,
  reading: Reading,
  wish: MembersWish,
): Promise<string[]> {
  const access = await wholeAccess(ports, roomId, userId)
  const { view } = access
  const latest = await readableState(ports, access)
  const leftAt = access.joined.when === 'before' && !access.worldReadable ? (access.joined.left.pos ?? 0) : Infinity
  const state = wish.at === undefined || wish.at >= leftAt ? latest : await stateForMember(ports, view, userId, wish.at)
  const texts = await mapEvents(ports, view, numbersInState(view, state, 'm.room.member'), (event) =>
    isWanted(event, wish) ? bareEvent(event, reading) : undefined,
  )
  return texts.filter((text) => text !== undefined)
}

/** The state at a live position; of the time before the user came, the first state that was theirs. */
async function stateForMember(ports: ReadingPorts, view: RoomView, userId: UserId, at: number): Promise<StateVector> {
  const state = await ports.stateHistory.stateAt(view, at)
  const key = view.keys.find('m.room.member', userId)
  if (key === undefined || (await membershipOfNumber(ports, view, state.get(key))) === 'join') return state
  let number = view.current.state.get(key)
  let first = state
  for (let step = 0; number !== 0 && step < membershipStepsMax; step += 1) {
    const [event] = await loadEvents(ports.db, view, [number])
    if (event === undefined || (event.pos ?? 0) <= at) break
    if (membershipOfEvent(event.pdu) === 'join') first = (await loadNode(ports.db, view, event.stateAfter)).state
    number = (await loadNode(ports.db, view, event.stateBefore)).state.get(key)
  }
  return first
}

async function membershipOfNumber(ports: ReadingPorts, view: RoomView, number: number): Promise<string | undefined> {
  const [event] = number === 0 ? [] : await loadEvents(ports.db, view, [number])
  return membershipOfEvent(event?.pdu)
}

/** Two conditions are alternatives: the membership is this, or is not that. */
function isWanted(event: StoredEvent, { membership, notMembership }: MembersWish): boolean {
  if (membership === undefined && notMembership === undefined) return true
  const own = membershipOfEvent(event.pdu)
  return (membership !== undefined && own === membership) || (notMembership !== undefined && own !== notMembership)
}

/** The joined members with their profiles, as a JSON object. Throws M_FORBIDDEN for somebody who is not joined. */
export async function readJoinedMembers(ports: ReadingPorts, roomId: RoomId, userId: UserId): Promise<string> {
  const { view } = await wholeAccess(ports, roomId, userId)
  if (!view.localJoined.has(userId)) throw new MatrixError('M_FORBIDDEN', 'You are not joined to this room')
  const texts = await mapEvents(ports, view, numbersInState(view, view.current.state, 'm.room.member'), ({ pdu }) => {
    if (membershipOfEvent(pdu) !== 'join') return undefined
    const { displayname, avatar_url: avatarUrl } = pdu.content
    const name = typeof displayname === 'string' ? JSON.stringify(displayname) : 'null'
    const avatar = typeof avatarUrl === 'string' ? JSON.stringify(avatarUrl) : 'null'
    return `${JSON.stringify(pdu.stateKey)}:{"display_name":${name},"avatar_url":${avatar}}`
  })
  return `{${texts.filter((text) => text !== undefined).join(',')}}`
}
