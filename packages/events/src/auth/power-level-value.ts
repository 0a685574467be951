import { NumberLexeme, type JsonValue } from '../json/json-value.ts'
import type { RoomRules } from '../versions/room-rules.ts'

const integerText = /^\s*[+-]?[0-9]+\s*$/

/**
 * The level that a value of m.room.power_levels stands for, or nothing when it stands for none.
 *
 * Room version 10 and later take integers only. Older ones also take a string of digits with blanks around it, and
 * versions 1 to 5, whose JSON may hold floats, cut a float at its point. A value beyond an IEEE 754 double stands for nothing.
 * https://spec.matrix.org/v1.19/rooms/v1/#deprecated-event-content-schemas
 */
export function powerLevelValue(value: JsonValue | undefined, rules: RoomRules): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  if (rules.integerPowerLevels) return undefined
  if (typeof value === 'string') return integerText.test(value) ? finite(Number(value)) : undefined
  if (value instanceof NumberLexeme) return finite(Math.trunc(Number(value.lexeme)))
  return undefined
}

function finite(level: number): number | undefined {
  // `+ 0` turns -0 into 0, so that two spellings of nothing compare equal everywhere.
  return Number.isFinite(level) ? level + 0 : undefined
}
