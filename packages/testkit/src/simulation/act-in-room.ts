import type { SimServer } from '../scenario/sim-server.ts'
import type { Actor } from './act.ts'
import type { Outcome } from './people.ts'
import type { ActionKind } from './plan.ts'

const roomActions = [
  'message',
  'reaction',
  'redaction',
  'receipt',
  'typing',
  'topic',
  'state',
  'invite',
  'join',
  'leave',
  'kick',
  'ban',
  'unban',
  'power',
  'joinRule',
] as const

type RoomAction = (typeof roomActions)[number]

export function isRoomAction(kind: ActionKind): kind is RoomAction {
  return (roomActions as readonly string[]).includes(kind)
}

/** Somebody does something in a room that they think they are in, or, to join, one that they know of. */
export async function actInRoom(actor: Actor, kind: RoomAction, index: number): Promise<void> {
  const { world, client, random } = actor
  const known = kind === 'join' || random.below(10) === 0 ? world.ledger.rooms.map(({ roomId }) => roomId) : [...client.model.joined.keys()]
  if (known.length === 0) return
  const roomId = random.pick(known)
  const outcome = await request(actor, kind, roomId, index)
  if (outcome === undefined) return
  actor.note(`${roomId}: ${outcome.kind}${outcome.kind === 'refused' ? ` ${outcome.why}` : ''}${eventIdOf(outcome) ?? ''}`)
  const eventId = eventIdOf(outcome)
  if (eventId === undefined) return
  world.ledger.sent(eventId, roomId, actor.person.server)
  if (kind === 'redaction') world.ledger.redactions.add(eventId)
}

function eventIdOf(outcome: Outcome): string | undefined {
  return outcome.kind === 'ack' && typeof outcome.answer['event_id'] === 'string' ? outcome.answer['event_id'] : undefined
}

async function request(actor: Actor, kind: RoomAction, roomId: string, index: number): Promise<Outcome | undefined> {
  const { client, person, random, world } = actor
  const room = `/rooms/${encodeURIComponent(roomId)}`
  const someone = random.pick(world.people).userId
  const event = random.pick([...world.ledger.events.filter((sent) => sent.roomId === roomId).slice(-15), undefined])?.eventId
  const send = (type: string, content: object): Promise<Outcome> =>
    client.persist('PUT', `${room}/send/${type}/${client.nextTransaction()}`, { ...content, marker: `${index}` })
  switch (kind) {
    case 'message':
      return send('m.room.message', { msgtype: 'm.text', body: `number ${index}` })
    case 'reaction':
      return event === undefined
        ? undefined
        : send('m.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: event, key: 'x' } })
    case 'redaction':
      if (event === undefined || isRedaction(actor, event)) return undefined
      return client.persist('PUT', `${room}/redact/${encodeURIComponent(event)}/${client.nextTransaction()}`, { reason: `${index}` })
    case 'receipt':
      return event === undefined ? undefined : client.ask('POST', `${room}/receipt/m.read/${encodeURIComponent(event)}`, {})
    case 'typing':
      return client.ask('PUT', `${room}/typing/${encodeURIComponent(person.userId)}`, { typing: random.below(2) === 0, timeout: 20_000 })
    case 'topic':
      return client.ask('PUT', `${room}/state/m.room.topic/`, { topic: `topic ${index}` })
    case 'state':
      return client.ask('PUT', `${room}/state/org.example.state/${random.below(4)}`, { n: index })
    case 'invite':
    case 'kick':
    case 'ban':
    case 'unban':
      return client.ask('POST', `${room}/${kind}`, { user_id: someone })
    case 'join':
      world.ledger.entered.add(roomId)
      return client.ask(
        'POST',
        `/join/${encodeURIComponent(roomId)}?via=${random.pick(world.servers).name}&via=${creatorsServer(actor, roomId)}`,
        {},
      )
    case 'leave':
      return client.ask('POST', `${room}/leave`, {})
    case 'power':
      return changePower(actor, room, someone)
    case 'joinRule':
      return client.ask('PUT', `${room}/state/m.room.join_rules/`, { join_rule: random.pick(['public', 'public', 'invite']) })
  }
}

/** Up to room version 10 a redacted redaction says no more what it redacts, and by the rules of 1 and 2 is refused by whoever gets it so. */
function isRedaction({ world }: Actor, eventId: string): boolean {
  return world.ledger.redactions.has(eventId)
}

function creatorsServer({ world }: Actor, roomId: string): SimServer['name'] | string {
  const creator = world.ledger.rooms.find((room) => room.roomId === roomId)?.creator ?? ''
  return creator.slice(creator.indexOf(':') + 1)
}

/** As a client does it: read the levels, change one, write them all. */
async function changePower({ client, random }: Actor, room: string, someone: string): Promise<Outcome | undefined> {
  const read = await client.ask('GET', `${room}/state/m.room.power_levels/`)
  if (read.kind !== 'ack') return read
  const levels = { ...read.answer }
  if (random.below(3) === 0) {
    levels[random.pick(['events_default', 'state_default', 'invite', 'redact', 'ban'])] = random.pick([0, 50])
  } else {
    const { users } = levels
    levels['users'] = { ...(typeof users === 'object' ? users : {}), [someone]: random.pick([0, 50, 50, 100]) }
  }
  return client.ask('PUT', `${room}/state/m.room.power_levels/`, levels)
}
