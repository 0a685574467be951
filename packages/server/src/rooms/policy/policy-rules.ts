import {
  allow,
  isJsonObject,
  matchesGlob,
  reject,
  serverOf,
  splitServerName,
  type JsonObject,
  type JsonValue,
  type Pdu,
  type Verdict,
} from '@causeway/events'

/** What the operator lets pass, where this server is a room's policy server. */
export interface PolicyRules {
  /** Servers, as patterns with `*` and `?` (with or without the port), whose people nothing passes of. */
  readonly blockedServers: readonly string[]
  /** Texts that no content may hold. */
  readonly blockedTexts: readonly string[]
  /** People whom one event may mention; absent for any number. */
  readonly mentionsMax: number | undefined
}

const pill = /https:\/\/matrix\.to\/#\/(?:@|%40)/g

/** Does an event pass the rules? It is judged by itself: the room's own rules are not asked. */
export function judgeByPolicy(pdu: Pdu, { blockedServers, blockedTexts, mentionsMax }: PolicyRules): Verdict {
  const server = serverOf(pdu.sender)
  const names = [server.toLowerCase(), splitServerName(server).host.toLowerCase()]
  if (blockedServers.some((pattern) => names.some((name) => matchesGlob(pattern.toLowerCase(), name)))) {
    return reject('policy.server', 'people of this server may not send into this room')
  }
  if (mentionsMax !== undefined && mentionsOf(pdu.content) > mentionsMax) {
    return reject('policy.mentions', `it mentions more than ${mentionsMax} people`)
  }
  const texts = blockedTexts.map((text) => text.toLowerCase())
  if (texts.length > 0 && holdsOneOf(pdu.content, texts)) return reject('policy.text', 'it has a text that is not wanted')
  return allow
}

/** How many people an event mentions: as it says itself, or by links in its text, whichever are more. */
function mentionsOf(content: JsonObject): number {
  const mentions = content['m.mentions']
  const ids = isJsonObject(mentions) ? mentions['user_ids'] : undefined
  const html = content['formatted_body']
  const links = typeof html === 'string' ? (html.match(pill)?.length ?? 0) : 0
  return Math.max(Array.isArray(ids) ? ids.length : 0, links)
}

/** Is one of these texts (in lower case) in a value, as a key or within a string? Events are of bounded size and depth. */
function holdsOneOf(value: JsonValue, texts: readonly string[]): boolean {
  if (typeof value === 'string') return hasOne(value, texts)
  if (Array.isArray(value)) return value.some((item) => holdsOneOf(item, texts))
  if (!isJsonObject(value)) return false
  return Object.entries(value).some(([key, item]) => hasOne(key, texts) || holdsOneOf(item, texts))
}

function hasOne(text: string, texts: readonly string[]): boolean {
  const lower = text.toLowerCase()
  return texts.some((wanted) => lower.includes(wanted))
}
