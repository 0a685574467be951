import type { RoomId } from '@causeway/events'
import { wantsKind, wantsRoom } from '../rooms/history/event-filter.ts'
import { includes } from '../rooms/history/positions.ts'
import { inSlices } from './in-slices.ts'
import { invitedRoom } from './invited-room.ts'
import { joinedRoom } from './joined-room.ts'
import { leftRoom } from './left-room.ts'
import type { Changes } from './sync-changes.ts'
import type { AccountDataPiece, SyncPorts, SyncSection } from './sync-ports.ts'
import { accountDataEvents, eventList, type SyncWish } from './sync-wish.ts'
import type { RoomMembership } from './user-rooms.ts'

type Section = 'join' | 'invite' | 'knock' | 'leave'

/** An answer in the making. */
export interface SyncAnswer {
  /** Is there anything that is worth answering for? */
  readonly news: boolean
  /** The answer without `next_batch` and without what extensions add. */
  readonly members: readonly string[]
  readonly sections: readonly SyncSection[]
}

/** Make an answer of the rooms that may hold news, and of the user's own changes. */
export async function makeAnswer(
  ports: SyncPorts,
  wish: SyncWish,
  changes: Changes,
  rooms: ReadonlyMap<RoomId, RoomMembership>,
): Promise<SyncAnswer> {
  const { filter, since, anew, now, caller } = wish
  const data = await accountDataOf(ports, wish, changes.userChanged)
  const byRoom = Map.groupBy(data, (piece) => piece.roomId)
  const global = (byRoom.get('') ?? []).filter((piece) => wantsKind(filter.accountData, piece.type, undefined))
  const candidates = new Map(changes.rooms.map((membership) => [membership.roomId, membership]))
  for (const roomId of byRoom.keys()) {
    const membership = roomId === '' ? undefined : rooms.get(roomId)
    if (membership?.membership === 'join') candidates.set(membership.roomId, membership)
  }
  const parts = await roomParts(ports, wish, [...candidates.values()], byRoom)
  const members: string[] = []
  const roomMembers = [...parts].map(([section, texts]) => `"${section}":{${texts.join(',')}}`)
  if (roomMembers.length > 0) members.push(`"rooms":{${roomMembers.join(',')}}`)
  if (global.length > 0) members.push(`"account_data":${eventList(accountDataEvents(global))}`)
  const sections: SyncSection[] = []
  for (const extension of ports.extensions) {
    const stretch = { since: since?.positions, anew, now: now.positions, sinceSerial: since?.typing }
    const toDeviceSince = since?.toDevice
    sections.push(...(await extension({ caller, toDeviceSince, ...stretch, userChanged: changes.userChanged, filter })))
  }
  return { news: members.length > 0 || sections.some((section) => section.news), members, sections }
}

function accountDataOf(ports: SyncPorts, { since, now, caller }: SyncWish, userChanged: boolean): Promise<readonly AccountDataPiece[]> {
  if (since === undefined) return ports.accountData.all(caller.userId)
  return userChanged ? ports.accountData.changes(caller.userId, since.positions, now.positions) : Promise.resolve([])
}

async function roomParts(
  ports: SyncPorts,
  wish: SyncWish,
  candidates: readonly RoomMembership[],
  data: ReadonlyMap<string, readonly AccountDataPiece[]>,
): Promise<ReadonlyMap<Section, readonly string[]>> {
  const parts = new Map<Section, string[]>()
  const made = await inSlices(ports.clock, candidates, (membership) => roomPart(ports, wish, membership, data.get(membership.roomId) ?? []))
  for (const part of made) {
    if (part === undefined) continue
    const texts = parts.get(part.section)
    if (texts === undefined) parts.set(part.section, [part.text])
    else texts.push(part.text)
  }
  return parts
}

async function roomPart(
  ports: SyncPorts,
  wish: SyncWish,
  membership: RoomMembership,
  data: readonly AccountDataPiece[],
): Promise<{ readonly section: Section; readonly text: string } | undefined> {
  if (!wantsRoom(wish.filter.rooms, membership.roomId)) return undefined
  const isNews = wish.since === undefined || !includes(wish.since.positions, membership)
  switch (membership.membership) {
    case 'join': {
      const text = await joinedRoom(ports, wish, membership, data)
      return text === undefined ? undefined : { section: 'join', text }
    }
    case 'invite':
      // "Servers must still send state events from ignored users; … must not send room invites from ignored users".
      if ((!isNews && !wish.fullState) || wish.ignored.has(membership.sender)) return undefined
      if (wish.invites.actionFor(membership.sender) !== 'allow') return undefined
      return { section: 'invite', text: await invitedRoom(ports, membership, 'invite_state') }
    case 'knock':
      if (!isNews && !wish.fullState) return undefined
      return { section: 'knock', text: await invitedRoom(ports, membership, 'knock_state') }
    default: {
      const wanted = wish.filter.includeLeave ? isNews || wish.fullState : isNews && wish.since !== undefined
      // A room may be forgotten before the user's other devices heard of its leaving: each is told that once.
      if (!wanted || (membership.forgotten && !(isNews && wish.since !== undefined))) return undefined
      return { section: 'leave', text: await leftRoom(ports, wish, membership, data) }
    }
  }
}

/** The answer's text. */
export function answerText(answer: SyncAnswer, token: string): string {
  const members = [`"next_batch":${JSON.stringify(token)}`, ...answer.members]
  for (const { name, json } of answer.sections) members.push(`${JSON.stringify(name)}:${json}`)
  return `{${members.join(',')}}`
}
