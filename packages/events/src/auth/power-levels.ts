import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import type { AuthState } from '../pdu/pdu.ts'
import type { RoomRules } from '../versions/room-rules.ts'
import { powerLevelValue } from './power-level-value.ts'
import { createEvent, creators } from './read-state.ts'

/** The level of a room's creator while the room has no m.room.power_levels event, in versions 1 to 11. */
const creatorLevelByDefault = 100

/** The levels that stand at the top of the content and are no defaults of others, with their own default. */
const namedDefaults = { ban: 50, kick: 50, redact: 50, invite: 0 } as const

/**
 * Who may do what in a room, as its m.room.power_levels event says, or the defaults where it says nothing.
 * Reads lazily and never throws: a value that stands for no level counts as absent.
 * https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */
export class PowerLevels {
  readonly #content: JsonObject | undefined
  readonly #creators: readonly string[]
  readonly #rules: RoomRules

  /** `content` of the m.room.power_levels event, if the room has one; the room's creators by the rules of its version. */
  constructor(content: JsonObject | undefined, roomCreators: readonly string[], rules: RoomRules) {
    this.#content = content
    this.#creators = roomCreators
    this.#rules = rules
  }

  /** A user's level. Infinity for a creator in room version 12 and later. */
  of(userId: string): number {
    const isCreator = this.#creators.includes(userId)
    if (isCreator && this.#rules.creatorsOutrankAll) return Infinity
    if (this.#content === undefined) return isCreator ? creatorLevelByDefault : 0
    return this.#entry('users', userId) ?? this.usersDefault
  }

  /** The level needed to send an event of this type: the spec's *required power level*. */
  required(type: string, isState: boolean): number {
    return this.#entry('events', type) ?? (isState ? this.stateDefault : this.eventsDefault)
  }

  /** The level needed to cause a notification of this kind, such as `room`. */
  notifications(key: string): number {
    return this.#entry('notifications', key) ?? 50
  }

  get ban(): number {
    return this.#level('ban') ?? namedDefaults.ban
  }

  get kick(): number {
    return this.#level('kick') ?? namedDefaults.kick
  }

  get redact(): number {
    return this.#level('redact') ?? namedDefaults.redact
  }

  get invite(): number {
    return this.#level('invite') ?? namedDefaults.invite
  }

  get usersDefault(): number {
    return this.#level('users_default') ?? 0
  }

  get eventsDefault(): number {
    return this.#level('events_default') ?? 0
  }

  get stateDefault(): number {
    return this.#level('state_default') ?? 50
  }

  #level(name: string): number | undefined {
    return this.#content === undefined ? undefined : powerLevelValue(ownProperty(this.#content, name), this.#rules)
  }

  #entry(group: string, name: string): number | undefined {
    if (this.#content === undefined) return undefined
    const entries = ownProperty(this.#content, group)
    return isJsonObject(entries) ? powerLevelValue(ownProperty(entries, name), this.#rules) : undefined
  }
}

/** The power levels in force in `state`, which may be a room's state or an event's own auth events. */
export function powerLevels(state: AuthState, rules: RoomRules): PowerLevels {
  const create = createEvent(state)
  const roomCreators = create === undefined ? [] : creators(create, rules)
  return new PowerLevels(state.get('m.room.power_levels', '')?.content, roomCreators, rules)
}

/** A property that peers chose the name of: what a prototype would lend does not count. */
function ownProperty(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
