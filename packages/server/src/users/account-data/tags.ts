import {
  emptyObject,
  fitsUtf8,
  fromPlain,
  canonicalJson,
  isJsonObject,
  type JsonObject,
  type MutableJsonObject,
  type RoomId,
  type UserId,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { tagBytesMax, tagsPerRoomMax } from '../limits.ts'
import type { AccountData, AccountDataPlace } from './account-data.ts'

/** A user's tags of rooms, kept as their account data `m.tag` (Client-Server API, "Room Tagging"). */
export class Tags {
  readonly #accountData: AccountData

  constructor(ports: { readonly accountData: AccountData }) {
    this.#accountData = ports.accountData
  }

  /** The tags of a room with what is said about each. */
  async of(userId: UserId, roomId: RoomId): Promise<JsonObject> {
    return tagsIn(await this.#accountData.find(placeOf(userId, roomId)))
  }

  /** Set a tag. Throws M_INVALID_PARAM, M_BAD_JSON, M_TOO_LARGE. */
  async set(userId: UserId, roomId: RoomId, tag: string, about: object): Promise<void> {
    if (!fitsUtf8(tag, tagBytesMax)) throw new MatrixError('M_INVALID_PARAM', `a tag has at most ${tagBytesMax} bytes`)
    const value = fromPlain(about)
    if (!isJsonObject(value)) throw new MatrixError('M_BAD_JSON', 'the tag has text that is no Unicode, or is nested too deeply')
    await this.#accountData.change(placeOf(userId, roomId), (content) => {
      const tags = tagsIn(content)
      tags[tag] = value
      if (Object.keys(tags).length > tagsPerRoomMax) throw new MatrixError('M_TOO_LARGE', `a room has at most ${tagsPerRoomMax} tags`)
      return canonicalJson({ tags })
    })
  }

  /** Remove a tag, if it is set. */
  async remove(userId: UserId, roomId: RoomId, tag: string): Promise<void> {
    await this.#accountData.change(placeOf(userId, roomId), (content) => {
      const tags = tagsIn(content)
      if (!Object.hasOwn(tags, tag)) return undefined
      delete tags[tag]
      return canonicalJson({ tags })
    })
  }
}

function placeOf(userId: UserId, roomId: RoomId): AccountDataPlace {
  return { userId, roomId, type: 'm.tag' }
}

/** Clients may set `m.tag` as a whole: what has no tags counts as none. */
function tagsIn(content: string | undefined): MutableJsonObject {
  const value = content === undefined ? undefined : fromPlain(JSON.parse(content))
  const tags = isJsonObject(value) ? value['tags'] : undefined
  return isJsonObject(tags) ? Object.assign(emptyObject(), tags) : emptyObject()
}
