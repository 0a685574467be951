import type { ServerName } from '@causeway/events'
import type { Destinations } from '../federation/client/destinations.ts'
import type { FederationClient } from '../federation/client/federation-client.ts'
import { EduOutbox } from '../federation/senders/edu-outbox.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Random } from '../platform/random.ts'
import type { Database } from '../storage/database.ts'
import { KeyClaims } from './claim-keys.ts'
import { CrossSigning } from './cross-signing.ts'
import { DehydratedDevices, type EndedDevices } from './dehydrated-devices.ts'
import { KeyBackups } from './key-backups.ts'
import { KeySignatures } from './key-signatures.ts'
import type { ListOutbox } from './list-outbox.ts'
import { ListIntroductions } from './list-introductions.ts'
import { LocalKeys } from './local-keys.ts'
import { OneTimeKeys } from './one-time-keys.ts'
import { OwnDeviceLists } from './own-device-lists.ts'
import { KeyQueries } from './query-keys.ts'
import { RemoteDeviceLists } from './remote-device-lists.ts'
import { ToDevice, type SentTransactions } from './to-device.ts'
import { ToDeviceQueues } from './to-device-queues.ts'
import { KeyUploads } from './upload-keys.ts'

/** What the layer needs of the world. */
export interface EncryptionPorts {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly serverName: ServerName
  /** Of the store; a restore from a backup raises it. */
  readonly epoch: number
  readonly client: FederationClient
  readonly destinations: Destinations
  /** Are other servers told how devices are named? */
  readonly namesAbroad: boolean
  /** The same that the device effects of `encryptionEffects` write to. */
  readonly outbox: ListOutbox
  readonly transactions: SentTransactions
  readonly removal: EndedDevices
}

/** The layer's services, by the names that operations ask for. */
export interface Encryption {
  readonly keyUploads: KeyUploads
  readonly keyQueries: KeyQueries
  readonly keyClaims: KeyClaims
  readonly localKeys: LocalKeys
  readonly oneTimeKeys: OneTimeKeys
  readonly dehydratedDevices: DehydratedDevices
  readonly toDevice: ToDevice
  readonly toDeviceQueues: ToDeviceQueues
  readonly ownDeviceLists: OwnDeviceLists
  readonly remoteDeviceLists: RemoteDeviceLists
  readonly listIntroductions: ListIntroductions
  readonly crossSigning: CrossSigning
  readonly keySignatures: KeySignatures
  readonly keyBackups: KeyBackups
}

/** Put the layer together. `ownDeviceLists` and `remoteDeviceLists` are started and stopped with the server. */
export function composeEncryption(ports: EncryptionPorts): Encryption {
  const localKeys = new LocalKeys(ports)
  const oneTimeKeys = new OneTimeKeys(ports)
  const edus = new EduOutbox(ports)
  const ownDeviceLists = new OwnDeviceLists({ ...ports, localKeys, edus })
  const remoteDeviceLists = new RemoteDeviceLists(ports)
  const toDeviceQueues = new ToDeviceQueues(ports)
  return {
    keyUploads: new KeyUploads({ ...ports, oneTimeKeys, lists: ownDeviceLists }),
    keyQueries: new KeyQueries({ ...ports, localKeys, remoteLists: remoteDeviceLists }),
    keyClaims: new KeyClaims({ ...ports, oneTimeKeys }),
    localKeys,
    oneTimeKeys,
    dehydratedDevices: new DehydratedDevices({ ...ports, oneTimeKeys, queues: toDeviceQueues, lists: ownDeviceLists }),
    toDevice: new ToDevice({ ...ports, edus, queues: toDeviceQueues }),
    toDeviceQueues,
    ownDeviceLists,
    remoteDeviceLists,
    listIntroductions: new ListIntroductions({ ...ports, localKeys, edus }),
    crossSigning: new CrossSigning({ ...ports, lists: ownDeviceLists }),
    keySignatures: new KeySignatures({ ...ports, remoteLists: remoteDeviceLists, lists: ownDeviceLists }),
    keyBackups: new KeyBackups(ports),
  }
}
