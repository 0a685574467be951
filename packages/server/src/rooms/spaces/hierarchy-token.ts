import { decodeBase64Url, encodeBase64Url, encodeUtf8 } from '@causeway/events'
import { hierarchyDepthMax, hierarchyRoomsMax } from './limits.ts'

/** Where a page of a hierarchy begins, and what must stay the same from page to page. */
export interface HierarchyPlace {
  readonly skip: number
  readonly maxDepth: number
  readonly suggestedOnly: boolean
}

/** The token for a place. It tells nothing that its reader does not know. */
export function hierarchyToken({ skip, maxDepth, suggestedOnly }: HierarchyPlace): string {
  return encodeBase64Url(encodeUtf8(`${skip} ${maxDepth} ${suggestedOnly ? 1 : 0}`))
}

/** The place of a token; absent if it is none of ours. */
export function parseHierarchyToken(token: string): HierarchyPlace | undefined {
  const bytes = decodeBase64Url(token.slice(0, 100))
  const match = bytes === undefined ? null : /^(\d{1,6}) (\d{1,3}) ([01])$/.exec(new TextDecoder().decode(bytes))
  if (match === null) return undefined
  const [skip, maxDepth] = [Number(match[1]), Number(match[2])]
  return skip > hierarchyRoomsMax || maxDepth > hierarchyDepthMax ? undefined : { skip, maxDepth, suggestedOnly: match[3] === '1' }
}
