import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { MatrixClient } from '../client/matrix-client.ts'
import type { Homeserver } from '../processes/homeserver.ts'
import { startCauseway } from '../processes/start-causeway.ts'
import { createTestCa, type TestCa } from '../tls/test-ca.ts'
import { EvilPeer } from './evil-peer.ts'
import { HonestLoad } from './honest-load.ts'

/** What an attack is made of. */
export interface Field {
  /** The server under attack: a real one, in a process of its own. */
  readonly victim: Homeserver
  /** A new person of the victim's. */
  readonly user: (name?: string) => Promise<MatrixClient>
  /** A new evil peer at a loopback address, with a name and a key of its own. It is stopped after the test. */
  readonly peer: (address?: string) => Promise<EvilPeer>
}

/**
 * Attacks of one file, on one server, while honest people talk on it. Each is a test named by the attack's id; after it the server
 * must still serve, and in the end nothing of the honest people may be lost, late or failed.
 */
export function battlefield(
  configuration: Readonly<Record<string, unknown>> = {},
): (title: string, play: (field: Field) => Promise<void>) => void {
  let ca: TestCa | undefined
  let victim: Homeserver | undefined
  let load: HonestLoad | undefined
  let people = 0
  before(async () => {
    ca = createTestCa()
    victim = await startCauseway({ name: 'victim', ca, configuration })
    load = await HonestLoad.start(victim)
  })
  after(async () => {
    try {
      await load?.end()
    } finally {
      await victim?.dispose()
    }
  })
  return (title, play) => {
    test(title, async () => {
      assert.ok(victim !== undefined && ca !== undefined)
      const server = victim
      const authority = ca
      const peers: EvilPeer[] = []
      const peer = async (address?: string): Promise<EvilPeer> => {
        const made = await EvilPeer.start(server, authority, address)
        peers.push(made)
        return made
      }
      const user = (name = 'user'): Promise<MatrixClient> => {
        people += 1
        return server.registerUser(`${name}${people}`)
      }
      try {
        await play({ victim: server, user, peer })
        const alive = await server.origin.request({ method: 'GET', path: '/_matrix/client/versions' })
        assert.equal(alive.status, 200)
      } finally {
        for (const made of peers) await made.stop()
      }
    })
  }
}
