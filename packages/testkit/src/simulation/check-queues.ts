import type { SimulatedWorld } from './world.ts'

/** Tables that are empty when nothing is left to do, and what waits in each. */
const queues: readonly (readonly [table: string, where: string, what: string])[] = [
  ['inbox', '', 'received events'],
  ['outbound_transactions', '', 'transactions that were not answered'],
  ['outbound_edus', '', 'EDUs that must arrive'],
  ['missed_rooms', '', 'rooms that a server has missed something of'],
  ['destinations', '', 'servers that are thought to fail'],
  ['device_list_outbox', '', 'changes of devices that were not told'],
  ['device_list_inbox', '', 'changes of devices that were not worked in'],
  ['remote_device_lists', 'WHERE stale = 1', 'device lists that must be fetched again'],
  ['user_room_tasks', '', 'changes of profiles'],
]

/** Nothing waits for ever. */
export function checkQueues({ servers, record }: SimulatedWorld): void {
  for (const server of servers) {
    for (const [table, where, what] of queues) {
      const rows = server.rows(`SELECT * FROM ${table} ${where}`)
      if (rows.length > 0) {
        record.find('queues become empty', `${what} on ${server.name}: ${rows.length}, such as ${JSON.stringify(rows[0]).slice(0, 300)}`)
      }
    }
  }
}
