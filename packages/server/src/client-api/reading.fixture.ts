import type { TestContext } from 'node:test'
import type { UserId } from '@causeway/events'
import { testEdge, type Answer } from '../http/edge.fixture.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { WaitingRoom } from '../http/waiting-room.ts'
import type { ReadingLayer } from '../sync/reading-layer.fixture.ts'
import { World, type EventJson, type WorldOptions } from '../sync/sync.fixture.ts'
import { readingEndpoints } from './reading-endpoints.ts'

/** The reading operations over HTTP, on a world of rooms. */
export interface ReadingServer {
  readonly world: World
  /** The long-polls that wait. */
  readonly waiting: WaitingRoom
  get(userId: UserId, path: string, query?: Readonly<Record<string, string>>): Promise<Answer>
  send(method: 'PUT' | 'POST', userId: UserId, path: string, body: object): Promise<Answer>
}

/** Open a world and serve it; `path` of the calls follows /_matrix/client/v3, unless it is whole. */
export async function readingServer(t: TestContext, overrides: WorldOptions = {}): Promise<ReadingServer> {
  const world = await World.open(t, overrides)
  const { edge, send } = await testEdge(
    t,
    readingEndpoints.map((endpoint) => bound(endpoint, world.layer)),
  )
  const whole = (path: string): string => `${path.startsWith('/_matrix') ? '' : '/_matrix/client/v3'}${path}`
  const headersOf = (userId: UserId) => ({ authorization: `Bearer token-of-${userId.slice(1, userId.indexOf(':'))}` })
  return {
    world,
    waiting: edge.waiting,
    get: (userId, path, query = {}) =>
      send('GET', `${whole(path)}?${new URLSearchParams(query).toString()}`, { headers: headersOf(userId) }),
    send: (method, userId, path, body) => send(method, whole(path), { headers: headersOf(userId), body: JSON.stringify(body) }),
  }
}

function bound(endpoint: Endpoint<ReadingLayer>, services: ReadingLayer): Endpoint<unknown> {
  return { ...endpoint, handle: (request) => endpoint.handle(request, services) }
}

/** A list of events in an answer. */
export function eventsIn(answer: Answer, member: string): readonly EventJson[] {
  // The tests look at each field that they read.
  return (answer.json[member] ?? []) as readonly EventJson[]
}
