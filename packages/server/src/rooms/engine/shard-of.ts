import type { RoomId } from '@causeway/events'
import { limits } from '../../limits.ts'
import { hash48 } from '../../storage/hash48.ts'

/** The shard of a room: by a hash of its id, the same in every process for ever. */
export function shardOf(roomId: RoomId): number {
  return hash48(roomId) % limits.shards
}
