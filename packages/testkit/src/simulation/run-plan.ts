import { stringAt } from '../client/json.ts'
import { act } from './act.ts'
import { uploadKeys } from './act-on-devices.ts'
import { checkAccounts, checkDeviceLists, checkToDevice, checkViews, clientsOf } from './check-clients.ts'
import { checkQueues } from './check-queues.ts'
import { checkAcknowledged, checkForged, checkOnce, checkRooms, copiesOf } from './check-rooms.ts'
import { Person } from './people.ts'
import { isFault, type Plan } from './plan.ts'
import type { Finding } from './record.ts'
import { shutOut } from './shut-out.ts'
import { strike } from './strike.ts'
import { partTwice } from './two-partitions.ts'
import { SimulatedWorld } from './world.ts'

/** What came of a run. */
export interface Outcome {
  readonly findings: readonly Finding[]
  /** The same for every run of the same plan. */
  readonly hash: string
  /** What happened, if lines were to be kept. */
  readonly lines: readonly string[]
}

/** Milliseconds in which a mended world agrees, though nobody does anything (promise P10). */
const settleMs = 60_000
/** Milliseconds for what waits for more than the wires: lists that were asked for in vain. */
const restMs = 60_000
/** One world of so many goes on afterwards with a server that is alone twice, and another one with a server that is shut out. */
const epilogueEvery = 8

/** Play a plan, mend everything, and see whether every promise was kept. */
export async function runPlan(plan: Plan, options: { readonly keep?: boolean } = {}): Promise<Outcome> {
  const world = new SimulatedWorld(plan, options.keep === true)
  try {
    await setUp(world, plan)
    if (world.record.findings.length === 0) await play(world, plan)
    if (world.record.findings.length === 0) await checkAll(world)
    if (world.record.findings.length === 0 && plan.seed % epilogueEvery === 0) await partTwice(world)
    if (world.record.findings.length === 0 && plan.seed % epilogueEvery === epilogueEvery / 2) await shutOut(world)
  } finally {
    world.end()
  }
  return { findings: world.record.findings, hash: world.record.digest(), lines: world.record.lines }
}

const names = ['a', 'b', 'c', 'd', 'e']

async function setUp(world: SimulatedWorld, plan: Plan): Promise<void> {
  for (const [index, count] of plan.people.entries()) {
    const server = await world.addServer(`${names[index]}`, plan.seed)
    for (let n = 0; n < count; n += 1) {
      const user = await world.await(server.user(`${names[index]}${n}`))
      if (user === undefined) throw new Error('nobody can register')
      const person = new Person(server, user.userId, world.ledger)
      world.people.push(person)
      const deviceId = stringAt(await world.await(user.request('GET', '/account/whoami')), 'device_id')
      person.begin(user, deviceId, world.random.below(2) === 0)
    }
  }
  for (const version of plan.versions) {
    const creator = world.random.pick(clientsOf(world))
    const made = await world.await(creator.ask('POST', '/createRoom', { preset: 'public_chat', room_version: version }))
    if (made?.kind !== 'ack') throw new Error(`nobody can make a room of version ${version}`)
    const roomId = stringAt(made.answer, 'room_id')
    world.ledger.rooms.push({ roomId, version, creator: creator.person.userId })
    world.record.note(`${creator.name} makes ${roomId} of version ${version}`)
    for (const client of clientsOf(world)) {
      if (client === creator || world.random.below(5) === 0) continue
      await world.await(client.ask('POST', `/join/${encodeURIComponent(roomId)}?via=${creator.person.server.name}`, {}))
    }
  }
  for (const client of clientsOf(world)) world.begin(uploadKeys(client))
  await world.time.advance(2_000)
  for (const client of clientsOf(world)) await world.await(client.sync())
}

async function play(world: SimulatedWorld, plan: Plan): Promise<void> {
  const began = world.elapsed
  // Some clients wait in /sync all the time, the others look now and then.
  const state = { playing: true }
  for (const client of clientsOf(world)) if (world.random.below(3) === 0) world.begin(follow(world, client, state))
  for (const [index, step] of plan.steps.entries()) {
    await world.time.advance(Math.max(0, began + step.at - world.elapsed))
    const { kind } = step
    if (isFault(kind)) strike(world, step, kind, index)
    else world.begin(act(world, step, kind, index))
  }
  await world.time.advance(1_000)
  state.playing = false
  world.heal()
}

async function follow(
  world: SimulatedWorld,
  client: (typeof world.people)[number]['clients'][number],
  state: { readonly playing: boolean },
): Promise<void> {
  while (state.playing && !client.loggedOut) {
    await client.sync(10_000)
    await world.sleep(100)
  }
}

async function checkAll(world: SimulatedWorld): Promise<void> {
  const { record } = world
  await world.time.advance(settleMs)
  checkAcknowledged(world)
  await checkRooms(world, false)
  if (record.findings.length > 0) return
  record.note('everybody says something')
  if (!(await world.ended(restMs))) record.find('no request hangs', 'a request has not ended two minutes after everything was mended')
  await speakAll(world)
  await world.time.advance(restMs)
  checkAcknowledged(world)
  checkOnce(world)
  checkForged(world)
  await checkRooms(world, true)
  await checkViews(world)
  checkToDevice(world)
  await checkDeviceLists(world)
  await checkAccounts(world)
  checkQueues(world)
}

/** Somebody on each server says something in each room, one after the other. */
async function speakAll(world: SimulatedWorld): Promise<void> {
  for (const { roomId } of world.ledger.rooms) {
    for (const { server, localJoined } of copiesOf(world, roomId)) {
      for (const userId of localJoined) {
        const client = clientsOf(world).find(({ person }) => person.userId === userId)
        if (client === undefined) continue
        const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${client.nextTransaction()}`
        const outcome = await world.await(client.persist('PUT', path, { msgtype: 'm.text', body: 'in the end' }))
        if (outcome?.kind === 'ack') {
          world.ledger.sent(stringAt(outcome.answer, 'event_id'), roomId, server)
          break
        }
        if (outcome?.kind !== 'refused') world.record.find('no room is stuck', `${client.name} can send nothing in ${roomId}`)
      }
      await world.time.advance(500)
    }
  }
}
