import { objectsAt, stringAt } from '../../../packages/testkit/src/client/json.ts'
import { eachOf } from '../measurement.ts'
import { check, pick, type Workload } from './workload.ts'

const LANES = 4

/** A message is sent, then a member who was up to date asks /sync for what is new: that one event. */
export const incrementalSync: Workload = {
  name: 'sync',
  operation: 'incremental /sync with one new event (send included)',
  goalCpuMs: 1,
  async run(bench) {
    const users = await bench.population.users(2 * LANES)
    const lanes = Array.from({ length: LANES }, (_, lane) => ({
      sender: pick(users, 2 * lane),
      reader: pick(users, 2 * lane + 1),
      roomId: '',
      token: '',
    }))
    await eachOf(lanes, LANES, async (lane) => {
      lane.roomId = await bench.room([lane.sender, lane.reader])
      lane.token = stringAt(await lane.reader.call('GET', 'v3/sync?timeout=0'), 'next_batch')
    })
    return bench.measure({
      steps: 1_500,
      lanes: LANES,
      warmUp: 100,
      async step(number, index) {
        const lane = pick(lanes, number)
        const eventId = await lane.sender.sendText(lane.roomId, `event ${index}`)
        const answer = await lane.reader.call('GET', `v3/sync?timeout=10000&since=${encodeURIComponent(lane.token)}`)
        lane.token = stringAt(answer, 'next_batch')
        const events = objectsAt(answer, 'rooms', 'join', lane.roomId, 'timeline', 'events')
        check(events.at(-1)?.['event_id'] === eventId, 'the sync after a send has the event')
      },
    })
  },
}
