import { check, pick, type Workload } from './workload.ts'

/** Make a private room with a name. */
export const createRoom: Workload = {
  name: 'create-room',
  operation: 'create a room',
  goalCpuMs: 2.5,
  async run(bench) {
    const users = await bench.population.users(4)
    const rooms = new Set<string>()
    const measured = await bench.measure({
      steps: 400,
      lanes: 4,
      warmUp: 20,
      async step(lane, index) {
        rooms.add(await pick(users, lane).createRoom({ preset: 'private_chat', name: `Room ${index}` }))
      },
    })
    check(rooms.size >= measured.operations, 'each room has an id of its own')
    return measured
  },
}

const JOINS_PER_ROOM = 40

/** Users join public rooms; no room gets more than 41 members. */
export const joinRoom: Workload = {
  name: 'join',
  operation: 'join a public room',
  goalCpuMs: 2,
  async run(bench) {
    const users = await bench.population.users(1 + JOINS_PER_ROOM)
    const [creator, ...joiners] = users
    const steps = 320
    const warmUp = JOINS_PER_ROOM
    const rooms: string[] = []
    for (let made = 0; made < (steps + warmUp) / JOINS_PER_ROOM; made += 1) {
      rooms.push(await bench.room(creator === undefined ? [] : [creator]))
    }
    return bench.measure({
      steps,
      lanes: 4,
      warmUp,
      async step(_lane, index) {
        const roomId = pick(rooms, Math.floor(index / JOINS_PER_ROOM))
        check((await pick(joiners, index).join(roomId)) === roomId, 'the join names the room')
      },
    })
  },
}
