import { devicesIn } from './device-lists.ts'
import type { Client } from './people.ts'
import { SyncModel, type RoomModel } from './sync-model.ts'
import type { SimulatedWorld } from './world.ts'
import { differences } from './check-rooms.ts'

/** What each client was told bit by bit is what it would be told now, all at once. */
export async function checkViews(world: SimulatedWorld): Promise<void> {
  for (const client of clientsOf(world)) {
    await world.await(client.sync())
    const outcome = await world.await(client.ask('GET', client.syncPath(undefined, 0)))
    if (outcome?.kind !== 'ack') {
      world.record.find('/sync works', `${client.name} gets no answer`)
      continue
    }
    const fresh = new SyncModel()
    fresh.apply(outcome.answer, world.elapsed)
    for (const what of viewDifferences(client, fresh, world.began)) world.record.find('/sync tells everything', `${client.name}: ${what}`)
  }
}

export function clientsOf({ people }: SimulatedWorld): Client[] {
  return people.flatMap(({ clients }) => clients).filter(({ loggedOut }) => !loggedOut)
}

function* viewDifferences({ model, person }: Client, fresh: SyncModel, began: number): Generator<string> {
  const [rooms, freshRooms] = [[...model.joined.keys()].sort().join(' '), [...fresh.joined.keys()].sort().join(' ')]
  if (rooms !== freshRooms) yield `joined are ${rooms}, and now ${freshRooms}`
  const [invites, freshInvites] = [[...model.invited].sort().join(' '), [...fresh.invited].sort().join(' ')]
  if (invites !== freshInvites) yield `invites are ${invites}, and now ${freshInvites}`
  for (const difference of differences(model.accountData, fresh.accountData)) yield `account data ${difference}`
  for (const [roomId, room] of fresh.joined) {
    const known = model.joined.get(roomId)
    if (known === undefined) continue
    for (const what of roomDifferences(known, room)) yield `${roomId} ${what}`
    const shown = new Set(known.timeline)
    for (const { eventId } of person.ledger.events) {
      // When it was made, not when it was acknowledged: whoever sets a state that is so already is told the event that set it, before the gap.
      const madeAt = (room.madeAt.get(eventId) ?? 0) - began
      if (madeAt > known.gapAt && room.timeline.includes(eventId) && !shown.has(eventId)) yield `${roomId} ${eventId} was never shown`
    }
    // Who typed is in memory only: after a restart nobody is told that it ended.
    if (known.typing.length > 0 && person.server.starts === 1) yield `${roomId} ${known.typing.join(' ')} typing for ever`
  }
}

function* roomDifferences(known: RoomModel, fresh: RoomModel): Generator<string> {
  for (const key of new Set([...known.state.keys(), ...fresh.state.keys()])) {
    const [was, is] = [known.state.get(key), fresh.state.get(key)]
    // That there is none any more, after a resolution, is nothing that /sync can say.
    if (was === is || is === undefined || known.fromTimeline.has(was ?? '') || fresh.fromTimeline.has(is)) continue
    yield `state ${key} is ${was}, and now ${is}`
  }
  for (const difference of differences(known.receipts, fresh.receipts)) yield `receipt ${difference}`
  for (const difference of differences(known.accountData, fresh.accountData)) yield `account data ${difference}`
  for (const difference of differences(
    new Map(Object.entries(known.summary).map(asText)),
    new Map(Object.entries(fresh.summary).map(asText)),
  )) {
    yield `summary ${difference}`
  }
  if (known.unread !== fresh.unread) yield `unread ${known.unread}, and now ${fresh.unread}`
}

function asText([key, value]: readonly [string, unknown]): readonly [string, string] {
  return [key, JSON.stringify(value)]
}

/** Messages to devices came once and in order, and none that was acknowledged is missing. */
export function checkToDevice(world: SimulatedWorld): void {
  for (const client of clientsOf(world)) {
    for (const [from, numbers] of client.received) {
      for (const [index, n] of numbers.entries()) {
        if (index > 0 && n <= (numbers[index - 1] ?? 0)) {
          world.record.find('messages to devices come once and in order', `${client.name} got ${numbers.join(' ')} of ${from}`)
          break
        }
      }
    }
    for (const [pair, sent] of world.ledger.toDevice) {
      const [from = '', to] = pair.split(' ')
      if (to !== client.name) continue
      const got = new Set(client.received.get(from))
      const missing = sent.filter((n) => !got.has(n))
      if (missing.length > 0) {
        world.record.find('no message to a device is lost', `${client.name} never got ${missing.join(' ')} of ${from}`)
      }
    }
  }
}

/** What encrypting clients know of the devices of those they share a room with is what these have. */
export async function checkDeviceLists(world: SimulatedWorld): Promise<void> {
  const truth = new Map<string, string>()
  for (const { userId, clients } of world.people) {
    const own = clients.find(({ loggedOut }) => !loggedOut)
    const outcome = own === undefined ? undefined : await world.await(own.ask('POST', '/keys/query', { device_keys: { [userId]: [] } }))
    if (outcome?.kind === 'ack') truth.set(userId, devicesIn(outcome.answer, userId))
  }
  for (const client of clientsOf(world)) {
    await world.await(client.lists.refresh())
    const { sharing } = client.model
    for (const userId of client.lists.tracked) {
      const [known, is] = [client.lists.known(userId), truth.get(userId)]
      if (sharing.has(userId) && known !== is) {
        world.record.find('device lists are followed', `${client.name} knows ${known} of ${userId}, who has ${is}`)
      }
    }
    const asked = await world.await(
      client.ask('POST', '/keys/query', { device_keys: Object.fromEntries([...sharing].map((id) => [id, []])) }),
    )
    for (const userId of asked?.kind === 'ack' ? sharing : []) {
      const told = devicesIn(asked?.kind === 'ack' ? asked.answer : {}, userId)
      if (told !== truth.get(userId)) {
        world.record.find('device lists are equal', `${client.name} is told ${told} of ${userId}, who has ${truth.get(userId)}`)
      }
    }
  }
}

/** Whoever logged out stays so, and the last account data that was taken is there. */
export async function checkAccounts(world: SimulatedWorld): Promise<void> {
  for (const { name, check } of world.ledger.loggedOut) {
    if ((await world.await(check())) !== true) world.record.find('nothing acknowledged is lost', `${name} logged out and is back`)
  }
  for (const [key, { value }] of world.ledger.accountData) {
    const [userId = '', type = ''] = key.split(' ')
    const client = clientsOf(world).find(({ person }) => person.userId === userId)
    const known = client?.model.accountData.get(type)
    if (value !== undefined && client !== undefined && known !== value) {
      world.record.find('nothing acknowledged is lost', `account data ${key} is ${known} and was ${value}`)
    }
  }
}
