// Goal: people on our server and on Synapse can encrypt for each other: verification, backups, edits and threads, and no key is lost
// whatever happens to the servers and the wire between them.
// Method: SDK clients with their own keys on both sides; each play with either side as the host.

import { after, before, describe, test } from 'node:test'
import { SeededRandom } from '../../packages/testkit/src/checker/seeded-random.ts'
import { attach } from '../clients/attachment-play.ts'
import { Devices } from '../clients/devices.ts'
import { restoreBackup, talk, verifyDevices, verifyInRoom, verifyOwnDevice } from '../clients/key-plays.ts'
import { quietSdk } from '../clients/quiet-sdk.ts'
import { edit, thread } from '../clients/relation-plays.ts'
import { PLAY_MS_MAX, Stage } from '../clients/stage.ts'
import { troubledConversation } from '../clients/troubles.ts'
import { seed } from '../faults/world.ts'
import { sharedServers } from './servers.ts'

/** Milliseconds that the conversation in trouble may take: it only keeps what hangs from doing so for ever. */
const TROUBLE_MS_MAX = 1_200_000

/** Messages of the conversation in trouble. */
const MESSAGES = 200

/** Milliseconds in which everything must have arrived after the last trouble. */
const SETTLE_MS_MAX = 240_000

const plays: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'people read each other in an encrypted room': talk,
  'two people verify each other by emoji in their room': verifyInRoom,
  'two people verify each other by emoji from device to device': verifyDevices,
  'a device that is verified by another of its user is given the keys': verifyOwnDevice,
  'a recovery key gives a new device everything that the backup has': restoreBackup,
  'an edit is read in an encrypted room': edit,
  'a thread is read in an encrypted room, and listed': thread,
  'an encrypted file is fetched through either server, and opened': attach,
}

describe('encrypted conversations', () => {
  const devices = new Devices()
  let letGo: () => void

  before(() => {
    letGo = quietSdk()
  })

  after(() => {
    devices.close()
    letGo()
  })

  for (const [title, play] of Object.entries(plays)) {
    for (const side of ['left', 'right'] as const) {
      test(`${title} (made on the ${side})`, { timeout: 2 * PLAY_MS_MAX }, async () => {
        const servers = await sharedServers()
        await new Stage(devices, servers[side], side === 'left' ? servers.right : servers.left).perform(play)
      })
    }
  }

  test(`${MESSAGES} encrypted messages and more, between two servers in trouble`, { timeout: TROUBLE_MS_MAX }, async (context) => {
    const { left, right, partition, mend } = await sharedServers()
    await troubledConversation({
      devices,
      random: new SeededRandom(seed((line) => context.diagnostic(line))),
      one: left,
      two: right,
      otherIsForeign: true,
      partition,
      mend,
      messages: MESSAGES,
      settleMsMax: SETTLE_MS_MAX,
      name: 'troubled-',
      print: (line) => context.diagnostic(line),
    })
  })
})
