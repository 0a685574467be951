/** Who writes in a shard's rooms. */
export interface ShardOwner {
  readonly slot: number
  /** Where its internal listener answers: `http://10.0.0.2:9000`. Empty when this process is the only one. */
  readonly address: string
}

/** Called with shards; their rooms' jobs may begin, or must end. */
export type GainedListener = (shards: readonly number[]) => void
/** The shards are kept until what it returns has settled, unless they were lost without asking. */
export type LostListener = (shards: readonly number[]) => void | Promise<void>

/** Which process may write in which rooms: each room belongs to a shard, and each shard has one owner at a time. */
export interface Ownership {
  /** May this process write in the shard's rooms now? */
  owns(shard: number): boolean
  /** Who does, as far as this process knows; absent while nobody does. */
  ownerOf(shard: number): ShardOwner | undefined
  /** The other processes that are alive, as far as this one knows. */
  peers(): readonly ShardOwner[]
  /** Look again who owns what. Resolves when it is known. */
  refresh(): Promise<void>
  /** Also called, soon, with what is owned when the listener is added. */
  onGained(listener: GainedListener): void
  /** Take no new jobs of the shards' rooms. Their open writes are still committed if the shards are handed over. */
  onLost(listener: LostListener): void
}
