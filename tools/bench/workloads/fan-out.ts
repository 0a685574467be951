import { objectsAt, stringAt } from '../../../packages/testkit/src/client/json.ts'
import { quiet } from '../measurement.ts'
import { check, pick, type Workload } from './workload.ts'

const READERS = 100

/** One message wakes 100 waiting long polls; an operation is one of the hundred deliveries. */
export const fanOut: Workload = {
  name: 'fan-out',
  operation: 'deliver one message to one of 100 waiting /sync',
  goalCpuMs: 0.1,
  async run(bench) {
    const readers = await bench.population.users(READERS)
    const roomId = await bench.room(readers)
    const tokens = await Promise.all(readers.map(async (user) => stringAt(await user.call('GET', 'v3/sync?timeout=0'), 'next_batch')))
    const sender = pick(readers, 0)
    return bench.measure({
      steps: 40,
      lanes: 1,
      warmUp: 8,
      operationsPerStep: READERS,
      async step(_lane, index) {
        const delivered: number[] = []
        let sentAt = 0
        let eventId = ''
        const polls = readers.map(async (user, number) => {
          for (;;) {
            const answer = await user.call('GET', `v3/sync?timeout=30000&since=${encodeURIComponent(pick(tokens, number))}`)
            tokens[number] = stringAt(answer, 'next_batch')
            const events = objectsAt(answer, 'rooms', 'join', roomId, 'timeline', 'events')
            if (sentAt === 0) continue
            const body = `fan-out ${index}`
            if (!events.some((event) => stringAt(event, 'type') === 'm.room.message' && JSON.stringify(event).includes(body))) continue
            delivered.push(performance.now() - sentAt)
            return
          }
        })
        await quiet(() => bench.target.pids())
        sentAt = performance.now()
        eventId = await sender.sendText(roomId, `fan-out ${index}`)
        await Promise.all(polls)
        check(eventId !== '' && delivered.length === READERS, 'every waiting reader got the message')
        return delivered
      },
    })
  },
}
