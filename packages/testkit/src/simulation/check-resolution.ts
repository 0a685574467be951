import { roomCopy, type EventCopy } from './room-copy.ts'
import type { SimulatedWorld } from './world.ts'

/** State that nobody needs power events for: whoever is thrown out loses it, if they wrote it at the same time. */
const ordinary: ReadonlySet<string> = new Set(['m.room.topic', 'm.room.name', 'org.example.state'])

/**
 * Whoever was thrown out of a room keeps nothing in its state that they wrote without knowing of it: kicks and bans are power events, which
 * are applied before. Room versions 2 and later, "State resolution".
 */
export function checkResolution({ servers, ledger, record }: SimulatedWorld, roomId: string, state: ReadonlyMap<string, string>): void {
  if (ledger.rooms.find((room) => room.roomId === roomId)?.version === '1') return
  const all = new Map<string, EventCopy>()
  for (const server of servers) {
    for (const event of roomCopy(server, roomId)?.events.values() ?? []) if (event.standing !== 'outlier') all.set(event.eventId, event)
  }
  for (const eventId of state.values()) {
    const event = all.get(eventId)
    const member = event === undefined ? undefined : all.get(state.get(`m.room.member|${event.sender}`) ?? '')
    if (event === undefined || member === undefined || !ordinary.has(event.type) || member.sender === event.sender) continue
    const { membership } = member.content
    if ((membership === 'leave' || membership === 'ban') && !isBefore(event.eventId, member, all)) {
      record.find(
        'power events go first',
        `${eventId} (${event.type}) of ${event.sender} stands in ${roomId} beside ${member.eventId} (${membership})`,
      )
    }
  }
}

/** Is an event in the past of another? What nobody has cannot be followed: then yes. */
function isBefore(eventId: string, later: EventCopy, all: ReadonlyMap<string, EventCopy>): boolean {
  const seen = new Set<string>()
  const queue = [...later.prevEvents]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (id === eventId) return true
    if (seen.has(id)) continue
    seen.add(id)
    const event = all.get(id)
    if (event === undefined) return true
    queue.push(...event.prevEvents)
  }
  return false
}
