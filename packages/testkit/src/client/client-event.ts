import { at, isObject, objectAt, type UnknownObject } from './json.ts'

/** An event as a client sees it. */
export interface ClientEvent {
  readonly eventId: string | undefined
  readonly type: string
  readonly sender: string | undefined
  readonly stateKey: string | undefined
  readonly content: UnknownObject
  readonly unsigned: UnknownObject
  /** All of it, as it came. */
  readonly raw: UnknownObject
}

/** The event in `value`; undefined if it has no type. Stripped state and ephemeral events have no id. */
export function clientEvent(value: unknown): ClientEvent | undefined {
  if (!isObject(value)) return undefined
  const text = (key: string): string | undefined => {
    const found = at(value, key)
    return typeof found === 'string' ? found : undefined
  }
  const type = text('type')
  if (type === undefined) return undefined
  return {
    eventId: text('event_id'),
    type,
    sender: text('sender'),
    stateKey: text('state_key'),
    content: objectAt(value, 'content'),
    unsigned: objectAt(value, 'unsigned'),
    raw: value,
  }
}

/** The events of a list, in its order. */
export function clientEvents(values: readonly unknown[]): ClientEvent[] {
  return values.map(clientEvent).filter((event) => event !== undefined)
}
