import { arrayAt } from '../../../packages/testkit/src/client/json.ts'
import { handshake, RemoteMember } from '../federation/remote-member.ts'
import { object } from '../federation/remote-server.ts'
import { ARRIVAL_MS_MAX, ARRIVAL_POLL_MS_MAX, ARRIVAL_POLL_MS_MIN, PREPARATION_LANES } from '../limits.ts'
import { eachOf } from '../measurement.ts'
import { check, pick, type Workload } from './workload.ts'

const PDUS_PER_TRANSACTION = 50

/** Another server's member sends messages into a room here. */
export const receivePdus: Workload = {
  name: 'pdus-in',
  operation: 'receive one PDU over federation (50 a transaction)',
  goalCpuMs: 0.6,
  federation: true,
  async run(bench) {
    const remote = await bench.remote()
    const [reader] = await bench.population.users(1)
    if (reader === undefined) throw new Error('nobody to read')
    const roomId = await bench.room([reader])
    const member = await RemoteMember.join(remote, 'writer', roomId)
    const path = (): string => `v3/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(member.lastEventId)}`
    const arrived = (): Promise<void> =>
      until('the last PDU is in the room', async () => (await reader.request('GET', path())).status === 200)
    const transaction = async (index: number): Promise<void> => {
      const pdus = member.messages(PDUS_PER_TRANSACTION, (number) => `message ${number} of transaction ${index}`)
      const body = object({ origin: remote.serverName, origin_server_ts: Date.now(), pdus })
      const answer = await remote.request('PUT', `/_matrix/federation/v1/send/in-${index}`, body)
      check(answer.status === 200, `a transaction is taken, not ${answer.status} ${JSON.stringify(answer.body)}`)
      // Servers answer before they have judged the events, and some throw away what comes faster than that.
      await arrived()
    }
    return bench.measure({
      steps: 30,
      lanes: 1,
      warmUp: 3,
      operationsPerStep: PDUS_PER_TRANSACTION,
      step: (_lane, index) => transaction(index),
    })
  },
}

const LARGE_STATE = 4_000
const FORKED_ENTRIES = 3

/** Another server's member sets the same state on two branches of a room that has much state, and sends what follows both. */
export const fork: Workload = {
  name: 'fork',
  operation: `take in a fork of ${2 * FORKED_ENTRIES} state events, room of ${LARGE_STATE} state events`,
  goalCpuMs: 10,
  federation: true,
  async run(bench) {
    const remote = await bench.remote()
    const [creator] = await bench.population.users(1)
    if (creator === undefined) throw new Error('nobody to make the room')
    const roomId = await creator.createRoom({
      preset: 'public_chat',
      room_version: '11',
      power_level_content_override: { state_default: 0 },
    })
    const room = `v3/rooms/${encodeURIComponent(roomId)}`
    const numbers = Array.from({ length: LARGE_STATE }, (_, number) => number)
    await eachOf(numbers, PREPARATION_LANES, (number) => creator.call('PUT', `${room}/state/org.example.fact/${number}`, { number }))
    const member = await RemoteMember.join(remote, 'forker', roomId)
    const path = (): string => `${room}/event/${encodeURIComponent(member.lastEventId)}`
    const keys = numbers.slice(0, FORKED_ENTRIES).map(String)
    return bench.measure({
      steps: 60,
      lanes: 1,
      warmUp: 5,
      async step(_lane, index) {
        const pdus = member.fork('org.example.fact', keys, `fork ${index}`)
        const body = object({ origin: remote.serverName, origin_server_ts: Date.now(), pdus })
        const answer = await remote.request('PUT', `/_matrix/federation/v1/send/fork-${index}`, body)
        check(answer.status === 200, `a transaction is taken, not ${answer.status} ${JSON.stringify(answer.body)}`)
        await until('what follows the fork is in the room', async () => (await creator.request('GET', path())).status === 200)
      },
    })
  },
}

/** Local users send into a room in which another server has a member; the send is included. */
export const sendEventsOut: Workload = {
  name: 'events-out',
  operation: 'send one event out over federation',
  goalCpuMs: 1,
  federation: true,
  async run(bench) {
    const remote = await bench.remote()
    const members = await bench.population.users(16)
    const roomId = await bench.room(members)
    await RemoteMember.join(remote, 'listener', roomId)
    let sent = 0
    const arrived = (): Promise<void> =>
      until('every event has reached the other server', async () => remote.receivedCount(roomId) === sent)
    return bench.measure({
      steps: 2_000,
      lanes: members.length,
      warmUp: 100,
      async step(lane, index) {
        await pick(members, lane).sendText(roomId, `message ${index} for another server`)
        sent += 1
      },
      arrived,
    })
  },
}

const LARGE_ROOM_MEMBERS = 400

/** Users of another server join a room of 400 members that lives here. */
export const remoteJoin: Workload = {
  name: 'remote-join',
  operation: `remote join by make_join and send_join, room of ${LARGE_ROOM_MEMBERS} members`,
  goalCpuMs: 3,
  federation: true,
  async run(bench) {
    const remote = await bench.remote()
    const roomId = await bench.room(await bench.population.users(LARGE_ROOM_MEMBERS))
    return bench.measure({
      steps: 60,
      lanes: 1,
      warmUp: 5,
      async step(_lane, index) {
        const { answer, join } = await handshake(remote, `joiner-${index}`, roomId)
        const members = arrayAt(answer, 'state').length
        check(members >= LARGE_ROOM_MEMBERS, `the answer to ${join.eventId} has the whole state, not ${members} events`)
      },
    })
  },
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + ARRIVAL_MS_MAX
  for (let pauseMs = ARRIVAL_POLL_MS_MIN; !(await done()); pauseMs = Math.min(2 * pauseMs, ARRIVAL_POLL_MS_MAX)) {
    check(performance.now() < deadline, `not within ${ARRIVAL_MS_MAX} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
