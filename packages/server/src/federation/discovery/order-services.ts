import type { Random } from '../../platform/random.ts'
import type { ServiceTarget } from '../../platform/names.ts'

/**
 * The targets of a service in the order in which to try them: by priority, and by chance within one, as often first as their
 * weight says (RFC 2782).
 */
export function orderServices(targets: readonly ServiceTarget[], random: Random): ServiceTarget[] {
  const ordered: ServiceTarget[] = []
  const left = targets.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight)
  while (left.length > 0) {
    const priority = left[0]?.priority
    const peers = left.filter((target) => target.priority === priority)
    const total = peers.reduce((sum, { weight }) => sum + weight, 0)
    // Those of weight 0 stand first and get the share of the number 0 only.
    let draw = random.uint32() % (total + 1)
    const chosen = peers.findIndex(({ weight }) => (draw -= weight) <= 0)
    ordered.push(...left.splice(Math.max(0, chosen), 1))
  }
  return ordered
}
