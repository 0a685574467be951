import type { Database } from '../../storage/database.ts'
import type { RoomView } from '../engine/room-view.ts'
import { PushAudience, type RulesSource } from './push-audience.ts'

interface Known {
  readonly audience: PushAudience
  readonly rulesVersion: number
  readonly membersVersion: number
}

/** The push audience of each room in memory, made anew when its members or anybody's rules have changed. */
export class PushAudiences {
  readonly #db: Database
  readonly #source: RulesSource
  readonly #known = new WeakMap<RoomView, Known>()

  constructor(db: Database, source: RulesSource) {
    this.#db = db
    this.#source = source
  }

  async of(view: RoomView): Promise<PushAudience> {
    const known = this.#known.get(view)
    const rulesVersion = this.#source.version
    const membersVersion = view.localMembersVersion
    if (known?.rulesVersion === rulesVersion && known.membersVersion === membersVersion) return known.audience
    const audience = await PushAudience.load(this.#db, view, this.#source)
    this.#known.set(view, { audience, rulesVersion, membersVersion })
    return audience
  }
}
