// Goal: the SDK under Element Web can encrypt, its users can verify each other and their devices, and they get their keys back.
// Method: matrix-js-sdk with its Rust crypto against two running servers: people on both talk in encrypted rooms, compare
// emoji, and go on at new devices.

import { after, before, test } from 'node:test'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { attach } from './attachment-play.ts'
import { Devices } from './devices.ts'
import { dehydrate, restoreBackup, shareHistory, talk, verifyDevices, verifyInRoom, verifyOwnDevice } from './key-plays.ts'
import { quietSdk } from './quiet-sdk.ts'
import { edit, thread } from './relation-plays.ts'
import { PLAY_MS_MAX, Stage } from './stage.ts'

const letTimersGo = quietSdk()

const devices = new Devices()
const servers: Homeserver[] = []

before(async () => {
  const ca = createTestCa()
  servers.push(await startCauseway({ name: 'crypto-one', ca }), await startCauseway({ name: 'crypto-two', ca }))
})

after(async () => {
  devices.close()
  for (const server of servers) await server.dispose()
  letTimersGo()
})

function plays(title: string, play: (stage: Stage) => Promise<void>): void {
  test(title, { timeout: 2 * PLAY_MS_MAX }, async () => {
    const [one, two] = servers
    if (one !== undefined && two !== undefined) await new Stage(devices, one, two).perform(play)
  })
}

plays('people on two servers read each other in an encrypted room', talk)
plays('two people verify each other by emoji in their room', verifyInRoom)
plays('two people verify each other by emoji from device to device', verifyDevices)
plays('a device that is verified by another of its user is given the keys', verifyOwnDevice)
plays('a recovery key gives a new device everything that the backup has', restoreBackup)
plays('who has no device left gets keys through a dehydrated one', dehydrate)
plays('who is invited is handed the keys of what was said before', shareHistory)
plays('an edit is read in an encrypted room', edit)
plays('a thread is read in an encrypted room, and listed', thread)
plays('an encrypted file is fetched through either server, and opened', attach)
