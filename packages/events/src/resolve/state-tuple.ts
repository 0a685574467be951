declare const brand: unique symbol

/**
 * A type and a state key in one string, so that a state is one flat map. Two pairs give the same string only when they are the same pair:
 * the type's length stands in front, because peers may put any character into both parts.
 */
export type StateTuple = string & { readonly [brand]: 'StateTuple' }

/** The pair as a map's key. */
export function stateTuple(type: string, stateKey: string): StateTuple
export function stateTuple(type: string, stateKey: string): string {
  return `${type.length}:${type}${stateKey}`
}

/** The pair that {@link stateTuple} was given. */
export function splitStateTuple(tuple: StateTuple): readonly [type: string, stateKey: string] {
  const colon = tuple.indexOf(':')
  const middle = colon + 1 + Number(tuple.slice(0, colon))
  return [tuple.slice(colon + 1, middle), tuple.slice(middle)]
}
