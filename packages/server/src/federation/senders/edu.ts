import { canonicalJson, emptyObject, type JsonObject } from '@causeway/events'

/** An ephemeral data unit. Server-Server API, "EDUs". */
export interface Edu {
  /** `edu_type`: `m.typing` and so on. */
  readonly type: string
  readonly content: JsonObject
}

/** An EDU as it travels. */
export function eduJson({ type, content }: Edu): string {
  return canonicalJson(Object.assign(emptyObject(), { content, edu_type: type }))
}
