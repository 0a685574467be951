import { at } from '../client/json.ts'
import type { EvilPeer, PeerHandler, PeerReply, PeerRequest } from './evil-peer.ts'
import type { EvilRoom } from './evil-room.ts'
import type { Forged } from './forge.ts'

const base = '/_matrix/federation/'

/**
 * Lets the peer serve a room of its own as a resident server does: joins, events, state, history, gaps and auth chains. A test puts
 * handlers of its own before it for where the peer lies. Gives what takes it back.
 */
export function serveRoom(peer: EvilPeer, room: EvilRoom): () => void {
  const handler: PeerHandler = (request) => {
    const url = new URL(request.path, 'https://peer')
    if (!url.pathname.startsWith(base)) return undefined
    const [version = '', operation = '', first = '', second = ''] = url.pathname.slice(base.length).split('/').map(decodeURIComponent)
    if (operation === 'event') {
      const event = room.events.get(first)
      return event === undefined ? undefined : reply({ origin: peer.serverName, origin_server_ts: 0, pdus: [event.object] })
    }
    if (first !== room.roomId) return undefined
    return answer(room, `${version}/${operation}`, second, url.searchParams, request)
  }
  return peer.on(handler)
}

function answer(room: EvilRoom, operation: string, second: string, query: URLSearchParams, request: PeerRequest): PeerReply | undefined {
  switch (operation) {
    case 'v1/make_join':
      return reply({ room_version: room.rules.version, event: template(room, second) })
    case 'v2/send_join':
      return sendJoin(room, request)
    case 'v2/send_leave':
      return reply({})
    case 'v1/state':
      return reply({ pdus: [...room.state.values()].map(body), auth_chain: room.authChain([...room.state.values()]).map(body) })
    case 'v1/state_ids': {
      const state = [...room.state.values()]
      return reply({ pdu_ids: state.map(id), auth_chain_ids: room.authChain(state).map(id) })
    }
    case 'v1/event_auth': {
      const event = room.events.get(second)
      return event === undefined ? undefined : reply({ auth_chain: room.authChain([event]).map(body) })
    }
    case 'v1/backfill':
      return reply({
        origin: room.peer.serverName,
        origin_server_ts: 0,
        pdus: before(room, query.getAll('v'), true).slice(0, 100).map(body),
      })
    case 'v1/get_missing_events': {
      const latest = list(at(request.body, 'latest_events'))
      const known = new Set(list(at(request.body, 'earliest_events')))
      return reply({ events: before(room, latest, false, known).slice(0, 10).toReversed().map(body) })
    }
    default:
      return undefined
  }
}

/** The template of make_join for a user, given the room's state. */
export function template(room: EvilRoom, userId: string): Record<string, unknown> {
  const content = { membership: 'join' }
  const auth = room.authEvents({ type: 'm.room.member', sender: userId, stateKey: userId, content })
  const references = room.event({ type: 'm.room.message', auth_events: auth }).object
  return {
    type: 'm.room.member',
    state_key: userId,
    sender: userId,
    room_id: room.roomId,
    content,
    depth: room.depth + 1,
    origin_server_ts: Date.now(),
    origin: room.peer.serverName,
    prev_events: references['prev_events'],
    auth_events: references['auth_events'],
  }
}

function sendJoin(room: EvilRoom, request: PeerRequest): PeerReply {
  const state = [...room.state.values()]
  const answered = {
    origin: room.peer.serverName,
    event: request.body,
    members_omitted: false,
    state: state.map(body),
    auth_chain: room.authChain(state).map(body),
  }
  room.learn(request.body)
  return reply(answered)
}

/** Events at or before these, newest first as the room knows them. */
function before(room: EvilRoom, from: readonly string[], inclusive: boolean, known = new Set<string>()): Forged[] {
  const found = new Map<string, Forged>()
  const todo = [...from]
  for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
    const event = room.events.get(next)
    if (event === undefined || found.has(next) || known.has(next)) continue
    found.set(next, event)
    const prev = event.object['prev_events']
    for (const entry of Array.isArray(prev) ? prev : []) todo.push(String(Array.isArray(entry) ? entry[0] : entry))
  }
  if (!inclusive) for (const start of from) found.delete(start)
  return [...found.values()].toSorted((a, b) => Number(b.object['depth']) - Number(a.object['depth']))
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function reply(content: unknown): PeerReply {
  return { body: content }
}

const body = ({ object }: Forged): unknown => object
const id = ({ eventId }: Forged): string => eventId
