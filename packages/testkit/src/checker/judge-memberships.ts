import type { ClientEvent } from '../client/client-event.ts'
import type { Entry } from './ledger.ts'
import type { ObservedRoom } from './observe.ts'
import type { MembershipOperation } from './operation.ts'

/** Each user's memberships are those that were acknowledged, in their order, with those in between that may have happened. */
export function judgeMemberships(entries: readonly Entry[], room: ObservedRoom): string[] {
  const wishes = new Map<string, Wish[]>()
  for (const { userId, operation, outcome } of entries) {
    if (operation.kind !== 'membership' || outcome?.kind === 'fail') continue
    const list = wishes.get(userId) ?? []
    list.push({ membership: operation.membership, certain: outcome?.kind === 'ack' })
    wishes.set(userId, list)
  }
  const findings: string[] = []
  for (const [userId, list] of wishes) {
    const seen = room.messages.filter(({ type, stateKey }) => type === 'm.room.member' && stateKey === userId).map(membershipOf)
    if (!fits(seen, list)) {
      const wished = list.map(({ membership, certain }) => (certain ? membership : `${membership}?`))
      findings.push(`membership: ${userId} was ${seen.join(' ')}, and asked for ${wished.join(' ')}`)
    }
    const current = room.state.find(({ type, stateKey }) => type === 'm.room.member' && stateKey === userId)
    const shown = current === undefined ? undefined : membershipOf(current)
    if (shown !== seen.at(-1)) findings.push(`membership: ${userId} is ${shown} in the state, and last was ${seen.at(-1)}`)
  }
  return findings
}

interface Wish {
  readonly membership: MembershipOperation['membership']
  readonly certain: boolean
}

/** Can `seen` be made from `wishes` by leaving out some that are not certain? */
function fits(seen: readonly unknown[], wishes: readonly Wish[]): boolean {
  // The numbers of events of `seen` that the wishes so far can have made.
  let reached = new Set([0])
  for (const { membership, certain } of wishes) {
    const next = new Set<number>()
    for (const made of reached) {
      if (!certain) next.add(made)
      if (seen[made] === membership) next.add(made + 1)
    }
    reached = next
  }
  return reached.has(seen.length)
}

function membershipOf(event: ClientEvent): unknown {
  return event.content['membership']
}
