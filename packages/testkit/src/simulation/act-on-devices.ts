import { objectAt } from '../client/json.ts'
import type { Actor } from './act.ts'
import type { Client } from './people.ts'
import type { ActionKind } from './plan.ts'

/** Devices that one encrypted message is shared with at most: enough, and a world stays small. */
const recipientsMax = 3
const clientsMax = 3

/** Somebody does something that has to do with devices, or encrypts. */
export async function actOnDevices(actor: Actor, kind: ActionKind): Promise<void> {
  const { client, person, random, note, world } = actor
  switch (kind) {
    case 'encrypted':
      return sendEncrypted(actor)
    case 'toDevice': {
      const everyone = world.people.flatMap(({ clients }) => clients)
      return void (await sendToDevice(client, random.pick(everyone), note))
    }
    case 'login': {
      if (person.clients.filter(({ loggedOut }) => !loggedOut).length >= clientsMax) return
      const fresh = await person.login(random.below(2) === 0)
      note(fresh?.name ?? 'failed')
      if (fresh !== undefined) await uploadKeys(fresh)
      return
    }
    case 'logout':
      return logout(actor)
    case 'renameDevice': {
      const outcome = await client.ask('PUT', `/devices/${client.keys.deviceId}`, { display_name: `name ${random.below(1_000)}` })
      return note(outcome.kind)
    }
    case 'uploadKeys':
      note('')
      return uploadKeys(client)
    case 'claimKeys':
      return claimKeys(actor)
    default:
      throw new Error(`nobody does ${kind}`)
  }
}

/** Give the server a device's keys and some one-time keys. */
export async function uploadKeys(client: Client): Promise<void> {
  const body = client.keys.uploadBody(2)
  await client.persist('POST', '/keys/upload', body)
}

async function sendEncrypted(actor: Actor): Promise<void> {
  const { client, random, note, world } = actor
  const rooms = [...client.model.joined]
  if (rooms.length === 0) return
  const [roomId, room] = random.pick(rooms)
  const members = [...room.members].flatMap(([userId, membership]) => (membership === 'join' ? [userId] : []))
  await client.lists.follow(members)
  const devices = members.flatMap((userId) => deviceIdsIn(client.lists.known(userId)).map((deviceId) => ({ userId, deviceId })))
  for (const { userId, deviceId } of devices.slice(0, recipientsMax)) {
    const to = clientOf(actor, userId, deviceId)
    if (to !== undefined && to !== client) void sendToDevice(client, to, note)
  }
  const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.encrypted/${client.nextTransaction()}`
  const content = { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'simulated', device_id: client.keys.deviceId }
  const outcome = await client.persist('PUT', path, content)
  note(`${roomId} to ${devices.length} devices: ${outcome.kind}`)
  const eventId = outcome.kind === 'ack' ? outcome.answer['event_id'] : undefined
  if (typeof eventId === 'string') world.ledger.sent(eventId, roomId, actor.person.server)
}

function deviceIdsIn(devices: string | undefined): string[] {
  const parsed: unknown = devices === undefined ? [] : JSON.parse(devices)
  return Array.isArray(parsed) ? parsed.map((entry: unknown) => String(Array.isArray(entry) ? entry[0] : '')) : []
}

function clientOf({ world }: Actor, userId: string, deviceId: string): Client | undefined {
  return world.people.find((person) => person.userId === userId)?.clients.find(({ keys }) => keys.deviceId === deviceId)
}

/** Messages from one device to another are numbered, sent one after the other, and repeated until they are taken. */
async function sendToDevice(from: Client, to: Client, note: (what: string) => void): Promise<void> {
  const n = (from.numbers.get(to.name) ?? 0) + 1
  from.numbers.set(to.name, n)
  const messages = { [to.person.userId]: { [to.keys.deviceId]: { from: from.name, n } } }
  const outcome = await from.persist('PUT', `/sendToDevice/m.room_key/${from.nextTransaction()}`, { messages })
  note(`number ${n} to ${to.name}: ${outcome.kind}`)
  if (outcome.kind !== 'ack') return
  const { toDevice } = from.person.ledger
  const key = `${from.name} ${to.name}`
  toDevice.set(key, [...(toDevice.get(key) ?? []), n])
}

async function logout({ client, person, note, world }: Actor): Promise<void> {
  if (person.clients.filter(({ loggedOut }) => !loggedOut).length < 2) return
  const outcome = await client.ask('POST', '/logout', {})
  note(outcome.kind)
  if (outcome.kind === 'refused') return
  client.loggedOut = true
  if (outcome.kind === 'unknown') return
  const check = async (): Promise<boolean> => (await client.ask('GET', '/account/whoami')).kind === 'refused'
  world.ledger.loggedOut.push({ server: person.server, name: client.name, check })
}

async function claimKeys({ client, random, note, world }: Actor): Promise<void> {
  const { person, keys } = random.pick(world.people.flatMap(({ clients }) => clients))
  const wish = { one_time_keys: { [person.userId]: { [keys.deviceId]: 'signed_curve25519' } } }
  const outcome = await client.ask('POST', '/keys/claim', wish)
  const given = outcome.kind === 'ack' ? Object.keys(objectAt(outcome.answer, 'one_time_keys', person.userId, keys.deviceId)) : []
  note(`of ${person.userId}/${keys.deviceId}: ${outcome.kind} ${given.join(' ')}`)
  for (const keyId of given) {
    const key = `${person.userId} ${keys.deviceId} ${keyId}`
    const before = world.ledger.claimed.get(key)
    if (before !== undefined) world.record.find('no one-time key is given twice', `${key} to ${before} and to ${client.name}`)
    world.ledger.claimed.set(key, client.name)
  }
}
