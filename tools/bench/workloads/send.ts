import type { MatrixClient } from '../../../packages/testkit/src/client/matrix-client.ts'
import type { Measurement } from '../measurement.ts'
import { check, pick, type Bench, type Workload } from './workload.ts'

/** 16 users send into one room of 64 local members. */
export const sendInOneRoom: Workload = {
  name: 'send',
  operation: 'send a message, one room of 64 local members, 16 senders',
  goalCpuMs: 0.5,
  async run(bench) {
    const members = await bench.population.users(64)
    const roomId = await bench.room(members)
    return sendAll(
      bench,
      members.slice(0, 16).map((user) => ({ user, roomId })),
    )
  },
}

/** 64 users send, each in a room of its own. */
export const sendInManyRooms: Workload = {
  name: 'send-rooms',
  operation: 'the same, 64 senders in 64 rooms',
  goalCpuMs: 0.4,
  async run(bench) {
    const users = await bench.population.users(64)
    const places: Place[] = []
    for (const user of users) places.push({ user, roomId: await bench.room([user]) })
    return sendAll(bench, places)
  },
}

interface Place {
  readonly user: MatrixClient
  readonly roomId: string
}

async function sendAll(bench: Bench, places: readonly Place[]): Promise<Measurement> {
  const lastEvents = new Map<string, string>()
  const eventIds = new Set<string>()
  const measured = await bench.measure({
    steps: 4_000,
    lanes: places.length,
    warmUp: 300,
    async step(lane, index) {
      const { user, roomId } = pick(places, lane)
      const eventId = await user.sendText(roomId, `message ${index} of the benchmark, about as long as what people write`)
      eventIds.add(eventId)
      lastEvents.set(`${user.userId} ${roomId}`, eventId)
    },
  })
  check(eventIds.size >= measured.operations, 'each message has an id of its own')
  for (const { user, roomId } of places) {
    const eventId = lastEvents.get(`${user.userId} ${roomId}`)
    check(eventId !== undefined && (await user.event(roomId, eventId)).sender === user.userId, 'the last message of each sender is kept')
  }
  return measured
}
