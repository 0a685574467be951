import { isJsonObject, type JsonObject, type RoomRules } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { membersOf } from '../../storage/tables/memberships.ts'
import type { InitialState } from '../commands/initial-events.ts'
import { loadEvents } from '../engine/load-room.ts'
import type { RoomView } from '../engine/room-view.ts'
import { stateFor } from '../engine/view-state.ts'
import { childrenOf } from '../spaces/space-children.ts'
import { carriedLevels, type Creators } from './carried-levels.ts'
import { carriedBansMax, carriedParentsMax } from './limits.ts'

/** An event for a new room. */
export interface CarriedEvent extends InitialState {
  /** Without it, the new room would be less closed than the old one: it comes along, or there is no new room. */
  readonly needed: boolean
}

/** What guards a room. */
const guarding = ['m.room.join_rules', 'm.room.history_visibility', 'm.room.encryption', 'm.room.server_acl', 'm.room.guest_access']
/** What describes it. */
const describing = ['m.room.name', 'm.room.topic', 'm.room.avatar', 'm.room.pinned_events']

/**
 * The state that goes along from a room to its successor, in the order in which it is sent there: power levels last, since
 * until then whoever makes the room may send all of it, whatever level is theirs afterwards. Client-Server API, "Room
 * Upgrades", server behaviour 3; and bans, and the links of a space.
 */
export async function carriedState(db: Database, old: RoomView, to: RoomRules, creators: Creators): Promise<CarriedEvent[]> {
  const types = [...guarding, ...describing, 'm.room.create', 'm.room.power_levels']
  const state = await stateFor(
    db,
    old,
    old.current,
    types.map((type) => [type, ''] as const),
  )
  const events: CarriedEvent[] = []
  for (const type of [...guarding, ...describing]) {
    const content = state.get(type, '')?.content
    if (content === undefined || Object.keys(content).length === 0) continue
    const kept = type === 'm.room.join_rules' ? carriedJoinRules(content, to) : content
    events.push({ type, stateKey: '', content: kept, needed: guarding.includes(type) })
  }
  if (state.get('m.room.create', '')?.content['type'] === 'm.space') {
    for (const { stripped } of await childrenOf(db, old)) {
      events.push({ type: stripped.type, stateKey: stripped.state_key, content: stripped.content, needed: false })
    }
  }
  events.push(...(await parentsOf(db, old)), ...(await bansOf(db, old, creators)))
  const levels = state.get('m.room.power_levels', '')?.content
  if (levels !== undefined) {
    events.push({ type: 'm.room.power_levels', stateKey: '', content: carriedLevels(levels, old.rules, to, creators), needed: true })
  }
  return events
}

/** A join rule that the new version does not know gives way to the nearest that lets in no more people. */
function carriedJoinRules(content: JsonObject, to: RoomRules): JsonObject {
  const rule = content['join_rule']
  if (rule === 'knock_restricted' && !to.knockRestrictedJoins) {
    return to.restrictedJoins ? { ...content, join_rule: 'restricted' } : { join_rule: 'invite' }
  }
  if (rule === 'restricted' && !to.restrictedJoins) return { join_rule: 'invite' }
  return rule === 'knock' && !to.knocking ? { join_rule: 'invite' } : content
}

async function parentsOf(db: Database, old: RoomView): Promise<CarriedEvent[]> {
  const numbers: number[] = []
  for (const [, key] of old.keys.ofType('m.space.parent')) {
    const number = old.current.state.get(key)
    if (number !== 0 && numbers.length < carriedParentsMax) numbers.push(number)
  }
  return (await loadEvents(db, old, numbers)).flatMap(({ pdu }) =>
    Array.isArray(pdu.content['via'])
      ? [{ type: 'm.space.parent', stateKey: pdu.stateKey ?? '', content: pdu.content, needed: false }]
      : [],
  )
}

/** All who are banned, with the reason; creators cannot be. */
async function bansOf(db: Database, old: RoomView, creators: Creators): Promise<CarriedEvent[]> {
  const banned = (await membersOf(db, old.room, 'ban')).filter((member) => !creators.new.includes(member.user_id)).slice(0, carriedBansMax)
  const events = await loadEvents(
    db,
    old,
    banned.map((member) => member.event),
  )
  return events.map(({ pdu }) => {
    const reason = isJsonObject(pdu.content) ? pdu.content['reason'] : undefined
    const content: JsonObject = { membership: 'ban', ...(typeof reason === 'string' ? { reason } : {}) }
    return { type: 'm.room.member', stateKey: pdu.stateKey ?? '', content, needed: false }
  })
}
