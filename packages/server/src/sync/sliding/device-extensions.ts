import { MatrixError } from '../../errors.ts'
import type { Positions } from '../../rooms/history/positions.ts'
import { noFilter } from '../sync-filter.ts'
import type { ExtensionRequest, SectionName, SyncPorts, SyncSection } from '../sync-ports.ts'
import { threadSubscriptionMembers, threadSubscriptionPage } from '../thread-subscriptions.ts'
import type { ExtensionPart } from './room-extensions.ts'
import type { SlidingWish } from './sliding-wish.ts'

const toDeviceSections: ReadonlySet<SectionName> = new Set(['to_device'])
const e2eeSections: ReadonlySet<SectionName> = new Set(['device_lists', 'device_one_time_keys_count', 'device_unused_fallback_key_types'])

/** Messages to the device (MSC3885). They have a token of their own: a message is gone once the client comes back with it. */
export async function toDeviceExtension(
  ports: SyncPorts,
  wish: SlidingWish,
  asked: { readonly since: string | undefined; readonly limit: number | undefined },
): Promise<readonly ExtensionPart[]> {
  const since = asked.since === undefined ? undefined : positionsOf(wish, asked.since)
  const limit = asked.limit === undefined ? {} : { limit: asked.limit }
  const sections = await sectionsOf(ports, wish, { since, wants: toDeviceSections, userChanged: true, ...limit })
  return sections.map(({ json, news, upTo }) => {
    const next = wish.tokens.stream({ positions: upTo ?? wish.now.positions, typing: 0 })
    return { name: 'to_device', json: `{"next_batch":${JSON.stringify(next)},${json.slice(1)}`, news }
  })
}

/** Device lists and the device's keys (MSC3884). */
export async function e2eeExtension(ports: SyncPorts, wish: SlidingWish, userChanged: boolean): Promise<readonly ExtensionPart[]> {
  const sections = await sectionsOf(ports, wish, { since: wish.since?.positions, wants: e2eeSections, userChanged })
  if (sections.length === 0) return []
  const members = sections.map(({ name, json }) => `${JSON.stringify(name)}:${json}`)
  return [{ name: 'e2ee', json: `{${members.join(',')}}`, news: sections.some(({ news }) => news) }]
}

/** Subscriptions to threads (MSC4308): the newest that changed; the rest is fetched by itself from `prev_batch` on. */
export async function threadSubscriptionsExtension(
  { db }: SyncPorts,
  wish: SlidingWish,
  userChanged: boolean,
  limit: number,
): Promise<readonly ExtensionPart[]> {
  if (!userChanged) return []
  const page = await threadSubscriptionPage(db, wish.caller.userId, wish.since?.positions, wish.now.positions, limit)
  if (page.changes.length === 0) return []
  const members = threadSubscriptionMembers(page)
  if (page.rest !== undefined) members.push(`"prev_batch":${JSON.stringify(wish.tokens.stream({ positions: page.rest, typing: 0 }))}`)
  return [{ name: 'io.element.msc4308.thread_subscriptions', json: `{${members.join(',')}}`, news: true }]
}

type Asked = Pick<ExtensionRequest, 'since' | 'userChanged' | 'limit'> & { readonly wants: ReadonlySet<SectionName> }

async function sectionsOf(ports: SyncPorts, wish: SlidingWish, asked: Asked): Promise<readonly SyncSection[]> {
  const found: SyncSection[] = []
  for (const extension of ports.extensions) {
    const sections = await extension({
      caller: wish.caller,
      now: wish.now.positions,
      sinceSerial: wish.since?.typing,
      filter: noFilter,
      ...asked,
    })
    found.push(...sections.filter(({ name }) => asked.wants.has(name)))
  }
  return found
}

function positionsOf(wish: SlidingWish, text: string): Positions | undefined {
  const token = wish.tokens.parse(text)
  if (token?.kind === 'stream') return token.point.positions
  // One from before a restore acknowledges nothing.
  if (token?.kind === 'outdated') return undefined
  throw new MatrixError('M_INVALID_PARAM', 'extensions.to_device.since is not a token of this endpoint')
}
