import type { Config } from '../../config/config.ts'
import { composeMedia, type Media } from '../../media/compose-media.ts'
import type { Platform } from '../application.ts'
import type { Federation } from './compose-federation.ts'
import type { Storage } from './open-storage.ts'

const bytesPerMb = 1_000_000

/** Media of this server's users and copies of others'. */
export function composeContentRepository(config: Config, platform: Platform, { db }: Storage, { client, outbound }: Federation): Media {
  const { folder, maxUploadMb, userQuotaMb, maxRemoteMb, remoteCacheMb, thumbnails } = config.media
  return composeMedia({
    ...platform,
    db,
    client,
    outbound,
    serverName: config.server.name,
    settings: {
      folder,
      uploadBytesMax: maxUploadMb * bytesPerMb,
      userBytesMax: userQuotaMb === undefined ? undefined : userQuotaMb * bytesPerMb,
      remoteBytesMax: maxRemoteMb * bytesPerMb,
      cacheBytesMax: remoteCacheMb * bytesPerMb,
      thumbnails,
    },
  })
}
