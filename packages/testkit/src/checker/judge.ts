import type { Entry } from './ledger.ts'
import { FINDINGS_SHOWN_MAX } from './limits.ts'
import { judgeRoom } from './judge-room.ts'
import { accountDataKey, type Observed } from './observe.ts'
import { markerKey } from './operation.ts'

/**
 * Compare what the server says with what its clients were told. Gives what is wrong, one sentence each, beginning with the
 * name of the rule; nothing for a server that kept every promise.
 */
export function judge(entries: readonly Entry[], observed: Observed): string[] {
  const rooms = [...observed.rooms].flatMap(([roomId, room]) => judgeRoom(roomId, entries, room))
  return [...rooms, ...judgeAccountData(entries, observed), ...judgeReceipts(entries, observed), ...judgeSessions(entries, observed)]
}

/** The findings as an error's message, shortened. */
export function findingsText(findings: readonly string[]): string {
  const more = findings.length > FINDINGS_SHOWN_MAX ? [`and ${findings.length - FINDINGS_SHOWN_MAX} more`] : []
  return [`${findings.length} findings:`, ...findings.slice(0, FINDINGS_SHOWN_MAX), ...more].join('\n')
}

/** Values that a register may hold: the last one acknowledged, and those sent later that may have arrived. */
function registers(
  entries: readonly Entry[],
  keyAndValue: (entry: Entry) => readonly [key: string, value: string] | undefined,
): Map<string, (string | undefined)[]> {
  const allowed = new Map<string, (string | undefined)[]>()
  for (const entry of entries) {
    const found = entry.outcome?.kind === 'fail' ? undefined : keyAndValue(entry)
    if (found === undefined) continue
    const [key, value] = found
    allowed.set(key, [...(entry.outcome?.kind === 'ack' ? [] : (allowed.get(key) ?? [undefined])), value])
  }
  return allowed
}

function judgeAccountData(entries: readonly Entry[], { accountData }: Observed): string[] {
  const allowed = registers(entries, ({ userId, operation }) =>
    operation.kind === 'account-data' ? [accountDataKey(userId, operation.roomId, operation.type), operation.marker] : undefined,
  )
  return [...allowed].flatMap(([key, markers]) => {
    const marker = accountData.get(key)?.[markerKey]
    const fine = marker === undefined ? markers.includes(undefined) : typeof marker === 'string' && markers.includes(marker)
    return fine ? [] : [`account-data: ${key} is ${String(marker)}, and should be ${markers.join(' or ')}`]
  })
}

function judgeReceipts(entries: readonly Entry[], { rooms }: Observed): string[] {
  const allowed = registers(entries, ({ userId, operation }) =>
    operation.kind === 'receipt' ? [`${operation.roomId} ${userId}`, operation.eventId] : undefined,
  )
  return [...allowed].flatMap(([key, eventIds]) => {
    const [roomId = '', userId = ''] = key.split(' ')
    return (rooms.get(roomId)?.readers ?? []).flatMap(({ receipts }, reader) => {
      const shown = receipts.get(userId)
      return eventIds.includes(shown)
        ? []
        : [`receipt: ${key} is at ${shown} (reader ${reader}), and should be at ${eventIds.join(' or ')}`]
    })
  })
}

function judgeSessions(entries: readonly Entry[], { liveTokens }: Observed): string[] {
  return entries.flatMap(({ userId, operation, outcome }) => {
    if (operation.kind !== 'logout') return []
    const live = liveTokens.get(operation.accessToken)
    if (outcome?.kind === 'ack' && live === true) return [`session: a token of ${userId} works although its session was ended`]
    if (outcome?.kind === 'fail' && live === false) return [`session: a token of ${userId} is dead although its end was refused`]
    return []
  })
}
