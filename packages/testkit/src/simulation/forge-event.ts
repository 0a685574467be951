import { canonicalJson, roomRules } from '@causeway/events'
import { signRequest } from '@causeway/server/src/federation/signing/signed-text.ts'
import { objectAt } from '../client/json.ts'
import { forge, jsonObject } from '../evil-peer/forge.ts'
import type { SimServer } from '../scenario/sim-server.ts'
import type { Actor } from './act.ts'
import { roomCopy, type RoomCopy } from './room-copy.ts'

/** Milliseconds until a forged event is offered once more. */
const againMs = 3_000

/** Somebody has the key of a server, and sends another one an event that no server may accept. */
export async function forgeEvent(actor: Actor, index: number): Promise<void> {
  const { world, person, random, note } = actor
  const { roomId, version } = random.pick(world.ledger.rooms)
  const rules = roomRules(version)
  const others = world.servers.filter((server) => server !== person.server && server.alive)
  const target = others.length === 0 ? undefined : random.pick(others)
  const copy = target === undefined ? undefined : roomCopy(target, roomId)
  // Those of versions 1 and 2 need the hashes of what they name.
  if (target === undefined || copy === undefined || copy.localJoined.length === 0 || rules === undefined || rules.referencePairs) return
  const kind = random.pick(['signature', 'power'] as const)
  const strangers = [...copy.memberships].filter(([userId, is]) => is === 'join' && !userId.endsWith(`:${person.server.name}`))
  const sender = kind === 'power' ? person.userId : random.pick(strangers)[0]
  const state = copy.currentState
  const power = copy.events.get(state.get('m.room.power_levels|') ?? '')?.content
  const member = state.get(`m.room.member|${sender}`)
  if (member === undefined || power === undefined || copy.memberships.get(sender) !== 'join') return
  const isCreator = copy.events.get(state.get('m.room.create|') ?? '')?.sender === sender
  const mayWrite = isCreator || Number(power['state_default'] ?? 50) < 50 || Number(objectAt(power, 'users')[sender] ?? 0) >= 50
  if (kind === 'power' && mayWrite) return
  const auth = ['m.room.create|', 'm.room.power_levels|', `m.room.member|${sender}`].flatMap((key) => state.get(key) ?? [])
  const content = kind === 'power' ? { topic: `forged ${index}` } : { msgtype: 'm.text', body: `forged ${index}` }
  const { eventId, object } = forge(
    {
      room_id: roomId,
      type: kind === 'power' ? 'm.room.topic' : 'm.room.message',
      ...(kind === 'power' ? { state_key: '' } : {}),
      sender,
      content,
      origin_server_ts: world.time.now,
      depth: 1_000,
      prev_events: tipsOf(copy),
      auth_events: rules.roomIdIsCreateHash ? auth.slice(1) : auth,
    },
    rules,
    { serverName: serverNamed(world.servers, sender) ?? person.server.name, key: person.server.signingKey },
  )
  world.ledger.forged.push({ eventId, roomId })
  for (const time of [1, 2]) {
    note(`${eventId} of ${sender} in ${roomId} to ${target.name} (${kind})`)
    await offer(actor, target, `forged${index}n${time}`, object)
    await world.sleep(againMs)
  }
}

async function offer({ person, world }: Actor, target: SimServer, txnId: string, event: object): Promise<void> {
  const path = `/_matrix/federation/v1/send/${txnId}`
  const { name: serverName, signingKey: key } = person.server
  const body = canonicalJson(jsonObject({ origin: serverName, origin_server_ts: world.time.now, pdus: [event], edus: [] }))
  const authorization = signRequest({ method: 'PUT', uri: path, destination: target.name, content: body }, { serverName, key })
  const answer = await target.answer({ method: 'PUT', path, headers: { authorization }, body })
  world.record.trace(`forged ${txnId} ${answer.status} ${answer.body}`)
}

/** Accepted events that no other follows. */
function tipsOf({ events }: RoomCopy): string[] {
  const accepted = [...events.values()].filter(({ standing }) => standing === 'accepted')
  const followed = new Set(accepted.flatMap(({ prevEvents }) => prevEvents))
  return accepted
    .map(({ eventId }) => eventId)
    .filter((id) => !followed.has(id))
    .slice(-10)
}

function serverNamed(servers: readonly SimServer[], userId: string): SimServer['name'] | undefined {
  return servers.find(({ name }) => userId.endsWith(`:${name}`))?.name
}
