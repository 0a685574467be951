import type { MatrixClient } from '../../../packages/testkit/src/client/matrix-client.ts'
import { objectAt } from '../../../packages/testkit/src/client/json.ts'
import { PREPARATION_LANES } from '../limits.ts'
import { eachOf } from '../measurement.ts'
import { check, pick, type Bench, type Workload } from './workload.ts'

const ROOMS = 200
const MESSAGES_PER_ROOM = 3
const FIRST_ROOMS = 20

/** A new client of a user in 200 rooms asks for everything; the server has answered the same before. */
export const initialSync: Workload = {
  name: 'initial-sync',
  operation: `initial /sync, ${ROOMS} rooms, warm`,
  goalCpuMs: 20,
  async run(bench) {
    const reader = await readerOfManyRooms(bench)
    return bench.measure({
      steps: 60,
      lanes: 1,
      warmUp: 2,
      async step() {
        const rooms = objectAt(await reader.call('GET', 'v3/sync?timeout=0'), 'rooms', 'join')
        check(Object.keys(rooms).length >= ROOMS, `an initial sync has ${ROOMS} rooms`)
      },
    })
  },
}

/** A new connection of simplified sliding sync (MSC4186) asks for its first twenty rooms. */
export const slidingSync: Workload = {
  name: 'sliding-sync',
  operation: 'sliding sync, first list',
  goalCpuMs: 2,
  async run(bench) {
    const reader = await readerOfManyRooms(bench)
    const list = {
      ranges: [[0, FIRST_ROOMS - 1]],
      timeline_limit: 1,
      required_state: [
        ['m.room.name', ''],
        ['m.room.avatar', ''],
        ['m.room.member', '$LAZY'],
      ],
    }
    return bench.measure({
      steps: 300,
      lanes: 1,
      warmUp: 10,
      async step(_lane, index) {
        const body = { conn_id: `bench-${index % 8}`, lists: { all: list } }
        const rooms = objectAt(await reader.call('POST', 'unstable/org.matrix.simplified_msc3575/sync?timeout=0', body), 'rooms')
        check(Object.keys(rooms).length === FIRST_ROOMS, `the first list has ${FIRST_ROOMS} rooms`)
      },
    })
  },
}

const readers = new WeakMap<Bench, Promise<MatrixClient>>()

/** The first account, in 200 rooms of three members with a few messages each; made once for each server. */
function readerOfManyRooms(bench: Bench): Promise<MatrixClient> {
  const known = readers.get(bench)
  if (known !== undefined) return known
  const making = makeRooms(bench)
  readers.set(bench, making)
  return making
}

async function makeRooms(bench: Bench): Promise<MatrixClient> {
  // An account that no other workload puts into rooms, so that its sync has these rooms and no others.
  const [reader, ...others] = (await bench.population.users(ACCOUNT + 9)).slice(ACCOUNT)
  if (reader === undefined) throw new Error('nobody to read')
  const numbers = Array.from({ length: ROOMS }, (_, number) => number)
  await eachOf(numbers, PREPARATION_LANES, async (number) => {
    const creator = pick(others, number)
    const roomId = await bench.room([creator, reader, pick(others, number + 1)])
    for (let sent = 0; sent < MESSAGES_PER_ROOM; sent += 1) await creator.sendText(roomId, `message ${sent}`)
  })
  return reader
}

/** Beyond the accounts of all other workloads. */
const ACCOUNT = 400
