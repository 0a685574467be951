import { stringAt } from '../client/json.ts'
import { SeededRandom } from '../checker/seeded-random.ts'
import { actInRoom, isRoomAction } from './act-in-room.ts'
import { actOnDevices } from './act-on-devices.ts'
import { forgeEvent } from './forge-event.ts'
import type { Client, Person } from './people.ts'
import type { ActionKind, Step } from './plan.ts'
import { quarrel } from './quarrel.ts'
import type { SimulatedWorld } from './world.ts'

/** Who acts in a step, and by which choices. */
export interface Actor {
  readonly world: SimulatedWorld
  readonly client: Client
  readonly person: Person
  readonly random: SeededRandom
  /** Say in the log what is done. */
  readonly note: (what: string) => void
}

/** Somebody does something. It may take as long as it wants. */
export async function act(world: SimulatedWorld, step: Step, kind: ActionKind, index: number): Promise<void> {
  const random = new SeededRandom(step.roll)
  const person = random.pick(world.people)
  const clients = person.clients.filter((client) => !client.loggedOut)
  if (clients.length === 0) return
  const client = random.pick(clients)
  const note = (what: string): void => world.record.note(`#${index} ${client.name} ${kind} ${what}`)
  const actor: Actor = { world, client, person, random, note }
  if (isRoomAction(kind)) await actInRoom(actor, kind, index)
  else if (kind === 'createRoom') await createRoom(actor)
  else if (kind === 'profile') await changeProfile(actor, index)
  else if (kind === 'accountData') await setAccountData(actor, index)
  else if (kind === 'quarrel') await quarrel(actor, index)
  else if (kind === 'forge') await forgeEvent(actor, index)
  else if (kind === 'sync') {
    note('')
    await client.sync(random.pick([0, 0, 5_000, 30_000]))
    await client.lists.refresh()
  } else await actOnDevices(actor, kind)
}

/** Rooms of one world at most. */
const roomsMax = 4

async function createRoom({ world, client, person, random, note }: Actor): Promise<void> {
  if (world.ledger.rooms.length >= roomsMax) return
  const version = random.pick(['1', '6', '9', '10', '11', '12'])
  const others = world.people.filter((other) => other !== person && random.below(2) === 0).map(({ userId }) => userId)
  const preset = random.pick(['public_chat', 'private_chat', 'trusted_private_chat'])
  const outcome = await client.ask('POST', '/createRoom', { preset, room_version: version, invite: others })
  note(`version ${version} ${preset} inviting ${others.join(' ')}: ${outcome.kind}`)
  if (outcome.kind === 'ack') world.ledger.rooms.push({ roomId: stringAt(outcome.answer, 'room_id'), version, creator: person.userId })
}

async function changeProfile({ client, person, note }: Actor, index: number): Promise<void> {
  const name = `${person.userId} the ${index}th`
  const outcome = await client.ask('PUT', `/profile/${encodeURIComponent(person.userId)}/displayname`, { displayname: name })
  note(`${name}: ${outcome.kind}`)
}

async function setAccountData({ world, client, person, random, note }: Actor, index: number): Promise<void> {
  const type = `org.example.${random.below(2)}`
  const key = `${person.userId} ${type}`
  const { accountData } = world.ledger
  const written = accountData.get(key) ?? { value: undefined, begun: 0, open: 0 }
  accountData.set(key, written)
  const alone = written.open === 0
  written.value = undefined
  written.open += 1
  const turn = (written.begun += 1)
  const outcome = await client.ask('PUT', `/user/${encodeURIComponent(person.userId)}/account_data/${type}`, { n: index })
  note(`${type}: ${outcome.kind}`)
  if (outcome.kind === 'unknown') return
  written.open -= 1
  // Of writes that overlap, the one that is answered last need not be the one that was done last.
  if (outcome.kind === 'ack' && alone && written.begun === turn) written.value = JSON.stringify({ n: index })
}
