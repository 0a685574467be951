import type { ServerName } from '@causeway/events'
import type { FederationClient } from '../federation/client/federation-client.ts'
import type { OutboundClient } from '../http/outbound/outbound-client.ts'
import { BlobFolder } from '../platform/blob-folder.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Random } from '../platform/random.ts'
import type { Database } from '../storage/database.ts'
import { MediaFiles } from './media-files.ts'
import { MediaLibrary } from './media-library.ts'
import { MediaSweeper } from './media-sweeper.ts'
import { RemoteCache } from './remote-cache.ts'
import { RemoteMedia } from './remote-media.ts'
import { Thumbnails } from './thumbnails/thumbnails.ts'
import { Uploads } from './uploads.ts'

/** What the layer needs of the world. */
export interface MediaPorts {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly serverName: ServerName
  readonly client: Pick<FederationClient, 'open'>
  readonly outbound: Pick<OutboundClient, 'open'>
  readonly settings: MediaSettings
}

/** What the operator sets; sizes in bytes. */
export interface MediaSettings {
  /** Where the files are. */
  readonly folder: string
  readonly uploadBytesMax: number
  /** Of all that one user uploads; absent: any number. */
  readonly userBytesMax: number | undefined
  readonly remoteBytesMax: number
  /** Of all copies of other servers' media. */
  readonly cacheBytesMax: number
  /** Are thumbnails made? */
  readonly thumbnails: boolean
}

/** The layer's services, by the names that operations ask for. */
export interface Media {
  readonly uploads: Uploads
  readonly mediaLibrary: MediaLibrary
  readonly mediaSweeper: MediaSweeper
  readonly thumbnails: Thumbnails
}

/** The content repository. Touches the disk when the first file comes. */
export function composeMedia(ports: MediaPorts): Media {
  const { settings } = ports
  const folder = new BlobFolder(settings.folder, ports.random)
  const files = new MediaFiles({ ...ports, folder })
  const cache = new RemoteCache({ ...ports, files, quotaBytes: settings.cacheBytesMax })
  const remote = new RemoteMedia({ ...ports, files, cache, bytesMax: settings.remoteBytesMax })
  const mediaLibrary = new MediaLibrary({ ...ports, files, remote })
  return {
    uploads: new Uploads({ ...ports, files, bytesMax: settings.uploadBytesMax, userBytesMax: settings.userBytesMax }),
    mediaLibrary,
    thumbnails: new Thumbnails({ ...ports, files, library: mediaLibrary, on: settings.thumbnails }),
    mediaSweeper: new MediaSweeper({ ...ports, folder, files, cache }),
  }
}
