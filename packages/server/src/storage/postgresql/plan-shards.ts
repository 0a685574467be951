/** A slot as the database shows it. */
export interface SlotState {
  readonly slot: number
  readonly epoch: number
  /** Milliseconds until its lease ends, by the database's clock; none are left when it is negative. */
  readonly leftMs: number
}

/** Shards held by one tenancy of a slot. Slot -1 stands for nobody. */
export interface ShardGroup {
  readonly slot: number
  readonly epoch: number
  readonly shards: readonly number[]
}

/** What a process does about its share of the shards. */
export interface ShardPlan {
  /** Slots whose lease has ended while they held shards: they must be fenced before these are taken. */
  readonly dead: readonly number[]
  /** Free shards to take. */
  readonly take: readonly number[]
  /** Shards to hand over. */
  readonly give: readonly number[]
}

/**
 * The fair share of `own` among the slots whose lease holds: nobody more than the share rounded up. Free shards are taken up
 * to it; beyond it, at most `giveMax` are handed over at once. Shards stay where they are as long as nobody has too many.
 */
export function planShards(
  slots: readonly SlotState[],
  groups: readonly ShardGroup[],
  own: { slot: number; epoch: number },
  giveMax: number,
): ShardPlan {
  const tenancies = new Map(slots.map((state) => [state.slot, state]))
  const isOwn = (group: ShardGroup): boolean => group.slot === own.slot && group.epoch === own.epoch
  const dead = new Set<number>()
  const free: number[] = []
  let total = 0
  let mine: readonly number[] = []
  for (const group of groups) {
    total += group.shards.length
    const tenancy = tenancies.get(group.slot)
    if (isOwn(group)) {
      mine = group.shards
    } else if (tenancy === undefined || tenancy.epoch !== group.epoch) {
      free.push(...group.shards)
    } else if (tenancy.leftMs <= 0) {
      dead.add(group.slot)
      free.push(...group.shards)
    }
  }
  const live = slots.filter(({ slot, leftMs }) => slot === own.slot || leftMs > 0).length
  const share = Math.ceil(total / Math.max(1, live))
  const take = free.slice(0, Math.max(0, share - mine.length))
  const surplus = mine.length - share
  return {
    dead: take.length > 0 ? [...dead] : [],
    take,
    give: surplus > 0 ? mine.slice(mine.length - Math.min(surplus, giveMax)) : [],
  }
}
