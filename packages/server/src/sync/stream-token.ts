import type { Place } from '../rooms/history/place.ts'
import type { Positions } from '../rooms/history/positions.ts'
import { slotsMax } from './limits.ts'

/** A point in the stream of everything: what a `next_batch` stands for. */
export interface StreamPoint {
  readonly positions: Positions
  /** How far typing notices were told. */
  readonly typing: number
  /** How far messages to the device were given, where that is not as far as all else. */
  readonly toDevice?: Positions | undefined
}

/** What a token of ours says; `outdated` is one of a store that was since restored from a backup. */
export type Token =
  | { readonly kind: 'stream'; readonly point: StreamPoint }
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'outdated' }

/**
 * Writes and reads the tokens of /sync and /messages: `s1_<epoch>_<typing>_<slot>.<position>…`, with `~<slot>.<position>…` for messages
 * to the device that lag behind, and
 * `p1_<epoch>_<depth>_<position>`, with `_<below>` where a place has that, numbers in base 36. To clients they are opaque.
 */
export class StreamTokens {
  readonly #epoch: number

  /** `epoch`: of the store; a restore from a backup raises it. */
  constructor(epoch: number) {
    this.#epoch = epoch
  }

  stream(point: StreamPoint): string {
    let token = `s1_${text(this.#epoch)}_${text(point.typing)}`
    for (const [slot, position] of point.positions) token += `_${text(slot)}.${text(position)}`
    for (const [slot, position] of point.toDevice ?? []) token += `_~${text(slot)}.${text(position)}`
    return token
  }

  place(place: Place): string {
    const below = place.below === undefined ? '' : `_${text(place.below)}`
    return `p1_${text(this.#epoch)}_${text(place.depth)}_${text(place.pos)}${below}`
  }

  /** Absent for what is no token of ours. */
  parse(token: string): Token | undefined {
    const [kind, epoch, ...fields] = token.split('_')
    const stored = number(epoch)
    if (stored === undefined || fields.length > 2 * slotsMax + 1) return undefined
    const parsed = kind === 's1' ? parseStream(fields) : kind === 'p1' ? parsePlace(fields) : undefined
    return parsed === undefined || stored === this.#epoch ? parsed : { kind: 'outdated' }
  }
}

function parseStream([typingField, ...slots]: readonly string[]): Token | undefined {
  const typing = number(typingField)
  const positions = parsePositions(slots.filter((field) => !field.startsWith('~')))
  const behind = slots.filter((field) => field.startsWith('~')).map((field) => field.slice(1))
  const toDevice = behind.length === 0 ? new Map<number, number>() : parsePositions(behind)
  if (typing === undefined || positions === undefined || toDevice === undefined) return undefined
  return { kind: 'stream', point: { positions, typing, ...(behind.length === 0 ? {} : { toDevice }) } }
}

function parsePositions(fields: readonly string[]): Map<number, number> | undefined {
  if (fields.length > slotsMax) return undefined
  const positions = new Map<number, number>()
  for (const field of fields) {
    const [slotField, positionField, ...rest] = field.split('.')
    const slot = number(slotField)
    const position = number(positionField)
    if (slot === undefined || position === undefined || rest.length > 0) return undefined
    positions.set(slot, position)
  }
  return positions
}

function parsePlace(fields: readonly string[]): Token | undefined {
  const depth = number(fields[0])
  const pos = number(fields[1])
  if (depth === undefined || pos === undefined || fields.length > 3) return undefined
  if (fields[2] === undefined) return { kind: 'place', place: { depth, pos } }
  const below = number(fields[2])
  return below === undefined ? undefined : { kind: 'place', place: { depth, pos, below } }
}

function text(value: number): string {
  return value.toString(36)
}

function number(field: string | undefined): number | undefined {
  if (field === undefined || !/^-?[0-9a-z]{1,11}$/.test(field)) return undefined
  const value = Number.parseInt(field, 36)
  return Number.isSafeInteger(value) ? value : undefined
}
