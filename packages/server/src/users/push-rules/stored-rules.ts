import {
  canonicalJson,
  emptyObject,
  fromPlain,
  isJsonObject,
  pushRuleKinds,
  type DefaultRuleChange,
  type JsonObject,
  type JsonValue,
  type PushRule,
  type PushRuleKind,
} from '@causeway/events'

/** How a user's push rules differ from those that everybody has. */
export interface StoredRules {
  /** The user's own rules, in the order of their priority. */
  readonly own: { readonly [kind in PushRuleKind]: readonly PushRule[] }
  /** What the user changed in the server's rules. */
  readonly changes: ReadonlyMap<string, DefaultRuleChange>
}

/** No difference. */
export const noStoredRules: StoredRules = {
  own: { override: [], content: [], postcontent: [], room: [], sender: [], underride: [] },
  changes: new Map(),
}

/** The differences from their JSON, as `storedRulesJson` writes it. */
export function parseStoredRules(json: string): StoredRules {
  const value = fromPlain(JSON.parse(json))
  if (!isJsonObject(value)) return noStoredRules
  const own = isJsonObject(value['own']) ? value['own'] : emptyObject()
  const changes = isJsonObject(value['changes']) ? value['changes'] : emptyObject()
  return {
    own: {
      override: rulesFrom(own['override']),
      content: rulesFrom(own['content']),
      postcontent: [],
      room: rulesFrom(own['room']),
      sender: rulesFrom(own['sender']),
      underride: rulesFrom(own['underride']),
    },
    changes: new Map(Object.entries(changes).map(([ruleId, change]) => [ruleId, changeFrom(change)])),
  }
}

/** The JSON of the differences: equal for equal ones. */
export function storedRulesJson({ own, changes }: StoredRules): string {
  const kinds = emptyObject()
  for (const kind of pushRuleKinds) if (own[kind].length > 0) kinds[kind] = own[kind].map(ruleJson)
  const changed = emptyObject()
  for (const [ruleId, { enabled, actions }] of changes) {
    changed[ruleId] = { ...(enabled === undefined ? {} : { enabled }), ...(actions === undefined ? {} : { actions }) }
  }
  return canonicalJson({ own: kinds, changes: changed })
}

/** A rule as JSON, for storage and for clients. */
export function ruleJson({ rule_id, default: isDefault, enabled, actions, conditions, pattern }: PushRule): JsonObject {
  return {
    rule_id,
    default: isDefault,
    enabled,
    actions,
    ...(conditions === undefined ? {} : { conditions }),
    ...(pattern === undefined ? {} : { pattern }),
  }
}

function rulesFrom(value: JsonValue | undefined): PushRule[] {
  return listFrom(value).filter(isJsonObject).flatMap(ruleFrom)
}

function ruleFrom(value: JsonObject): PushRule[] {
  const { rule_id, enabled, actions, conditions, pattern } = value
  if (typeof rule_id !== 'string') return []
  const rule = { rule_id, default: false, enabled: enabled === true, actions: listFrom(actions) }
  return [
    {
      ...rule,
      ...(conditions === undefined ? {} : { conditions: listFrom(conditions).filter(isJsonObject) }),
      ...(typeof pattern === 'string' ? { pattern } : {}),
    },
  ]
}

function changeFrom(value: JsonValue): DefaultRuleChange {
  if (!isJsonObject(value)) return {}
  const { enabled, actions } = value
  return { ...(typeof enabled === 'boolean' ? { enabled } : {}), ...(actions === undefined ? {} : { actions: listFrom(actions) }) }
}

function listFrom(value: JsonValue | undefined): readonly JsonValue[] {
  return isList(value) ? value : []
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
