import type { JsonObject } from '@causeway/events'
import type { Database } from '../../storage/database.ts'
import { aliasesOf } from '../../storage/tables/aliases.ts'
import type { RoomView } from '../engine/room-view.ts'
import { stateFor } from '../engine/view-state.ts'

/** What m.room.canonical_alias says in both rooms once our aliases have moved; absent where it need not be sent. */
export interface CarriedAliases {
  readonly old: JsonObject | undefined
  readonly new: JsonObject | undefined
}

/** Aliases of ours go along with a room; those of other servers still lead to the old one. */
export async function carriedAliases(db: Database, old: RoomView): Promise<CarriedAliases> {
  const moved = new Set((await aliasesOf(db, old.roomId)).map((row) => row.alias))
  const content = (await stateFor(db, old, old.current, [['m.room.canonical_alias', '']])).get('m.room.canonical_alias', '')?.content ?? {}
  const { alias, alt_aliases: alternatives } = content
  const others = Array.isArray(alternatives) ? alternatives : []
  const moves = (value: unknown): boolean => typeof value === 'string' && moved.has(value)
  if (!moves(alias) && !others.some(moves)) return { old: undefined, new: undefined }
  const part = (wants: (value: unknown) => boolean): JsonObject => {
    const kept = others.filter(wants)
    return {
      ...(alias !== undefined && wants(alias) ? { alias } : {}),
      ...(kept.length > 0 ? { alt_aliases: kept } : {}),
    }
  }
  return { old: part((value) => !moves(value)), new: part(moves) }
}
