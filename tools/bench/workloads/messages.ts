import { eachOf } from '../measurement.ts'
import { check, pick, type Workload } from './workload.ts'

const HISTORY_EVENTS = 1_000
const PAGE_EVENTS = 100

/** A page of 100 events out of a room's history. */
export const messages: Workload = {
  name: 'messages',
  operation: '/messages, 100 events',
  goalCpuMs: 1,
  async run(bench) {
    const users = await bench.population.users(8)
    const reader = pick(users, 0)
    const roomId = await bench.room(users)
    const numbers = Array.from({ length: HISTORY_EVENTS }, (_, number) => number)
    await eachOf(numbers, 8, (number) => pick(users, number).sendText(roomId, `message ${number} of the history`))
    const starts: (string | undefined)[] = [undefined]
    for (let page = 1; page < HISTORY_EVENTS / PAGE_EVENTS; page += 1) {
      const from = starts.at(-1)
      starts.push((await reader.messages(roomId, { limit: PAGE_EVENTS, ...(from === undefined ? {} : { from }) })).end)
    }
    return bench.measure({
      steps: 600,
      lanes: 4,
      warmUp: 40,
      async step(_lane, index) {
        const from = starts[index % starts.length]
        const page = await reader.messages(roomId, { limit: PAGE_EVENTS, ...(from === undefined ? {} : { from }) })
        check(page.events.length === PAGE_EVENTS && page.end !== undefined, `a page has ${PAGE_EVENTS} events`)
      },
    })
  },
}
