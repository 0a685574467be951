import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { UnknownObject } from '../../packages/testkit/src/client/json.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { newUser, sharedServers, type Servers } from './servers.ts'

/** Which server a room is made on, and in which version. */
export interface Placement {
  readonly servers: Servers
  /** Where the room's creator lives. */
  readonly host: Homeserver
  /** Where those live who join later. */
  readonly guest: Homeserver
  readonly version: string
}

/** A room with a member on each server. */
export interface SharedRoom {
  readonly roomId: string
  /** On the host; made the room. */
  readonly alice: MatrixClient
  /** On the guest. */
  readonly bob: MatrixClient
}

const allVersions = ['10', '11', '12'] as const

/** Milliseconds that one scenario may take; the first one starts the servers. */
const SCENARIO_MS_MAX = 600_000

/** Milliseconds in which two servers must agree about a room's state. */
const AGREEMENT_MS_MAX = 180_000

/** One test for each room version and each direction. */
export function scenario(title: string, play: (placement: Placement) => Promise<void>, versions: readonly string[] = allVersions): void {
  for (const version of versions) {
    for (const side of ['left', 'right'] as const) {
      test(`${title} (version ${version}, made on the ${side})`, { timeout: SCENARIO_MS_MAX }, async () => {
        const servers = await sharedServers()
        const guest = side === 'left' ? servers.right : servers.left
        await play({ servers, host: servers[side], guest, version })
      })
    }
  }
}

/** A public room made by alice on the host, with these users (beside its creator) at power level 50; nobody has joined. */
export async function publicRoom(
  alice: MatrixClient,
  version: string,
  moderators: readonly MatrixClient[] = [],
  options: UnknownObject = {},
): Promise<string> {
  const users: Record<string, number> = Object.fromEntries(moderators.map(({ userId }) => [userId, 50]))
  // From version 12 on, a creator stands above all levels and must not be listed.
  if (version !== '12') users[alice.userId] = 100
  return alice.createRoom({ preset: 'public_chat', room_version: version, power_level_content_override: { users }, ...options })
}

/** A public room with alice and, joined over federation, bob, who may moderate. */
export async function sharedRoom({ host, guest, version }: Placement, options: UnknownObject = {}): Promise<SharedRoom> {
  const [alice, bob] = await Promise.all([newUser(host, 'alice'), newUser(guest, 'bob')])
  const roomId = await publicRoom(alice, version, [bob], options)
  await bob.join(roomId, [host.serverName])
  await alice.waitForRoom(roomId, "bob's join", (room) => room.membership(bob.userId) === 'join')
  await bob.sync()
  return { roomId, alice, bob }
}

/** A room's state as a client is told it: `type|state key` and event id, sorted. */
export async function stateOf(client: MatrixClient, roomId: string): Promise<string[]> {
  const state = await client.fullState(roomId)
  return state.map((event) => `${event.type}|${event.stateKey} ${event.eventId} ${JSON.stringify(event.content)}`).sort()
}

/** Wait until both servers tell the same full state, event by event. Fails with the difference. */
export async function assertSameState(roomId: string, one: MatrixClient, other: MatrixClient): Promise<readonly string[]> {
  const deadline = performance.now() + AGREEMENT_MS_MAX
  for (;;) {
    const [first, second] = await Promise.all([stateOf(one, roomId), stateOf(other, roomId)])
    const equal = first.join('\n') === second.join('\n')
    if (!equal && performance.now() < deadline) {
      // What is still under way shows in one of the two; half a second at most, for nothing new may come at all.
      await Promise.race([one.sync(500), other.sync(500)])
      continue
    }
    assert.deepEqual(first, second)
    return first
  }
}
