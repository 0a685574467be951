// Goal: shards are shared out fairly, without moving more than needed, and whatever the start, everybody gets a share.
// Method: tables of situations, and a simulation in which processes come and go and follow their plans.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planShards, type ShardGroup, type SlotState } from './plan-shards.ts'

const shards = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)
const live = (slot: number, epoch = 1): SlotState => ({ slot, epoch, leftMs: 5_000 })
const ended = (slot: number, epoch = 1): SlotState => ({ slot, epoch, leftMs: 0 })
const me = { slot: 0, epoch: 1 }

const situations: readonly [name: string, slots: SlotState[], groups: ShardGroup[], plan: ReturnType<typeof planShards>][] = [
  ['alone, it takes all', [live(0)], [{ slot: -1, epoch: 0, shards: shards(0, 12) }], { dead: [], take: shards(0, 12), give: [] }],
  [
    'of two, it takes half',
    [live(0), live(1)],
    [{ slot: -1, epoch: 0, shards: shards(0, 12) }],
    { dead: [], take: shards(0, 6), give: [] },
  ],
  [
    'it hands over what is too much, a few at a time',
    [live(0), live(1)],
    [{ slot: 0, epoch: 1, shards: shards(0, 12) }],
    { dead: [], take: [], give: [8, 9, 10, 11] },
  ],
  [
    'it gives nothing when the share is not exceeded',
    [live(0), live(1), live(2)],
    [
      { slot: 0, epoch: 1, shards: shards(0, 4) },
      { slot: 1, epoch: 1, shards: shards(4, 8) },
      { slot: -1, epoch: 0, shards: shards(8, 12) },
    ],
    { dead: [], take: [], give: [] },
  ],
  [
    'it fences a slot whose lease has ended',
    [live(0), ended(1)],
    [
      { slot: 0, epoch: 1, shards: shards(0, 6) },
      { slot: 1, epoch: 1, shards: shards(6, 12) },
    ],
    { dead: [1], take: shards(6, 12), give: [] },
  ],
  [
    'shards of an earlier tenancy are free',
    [live(0), live(1, 2)],
    [{ slot: 1, epoch: 1, shards: shards(0, 12) }],
    { dead: [], take: shards(0, 6), give: [] },
  ],
  [
    'its own of an earlier tenancy are, too',
    [live(0)],
    [{ slot: 0, epoch: 0, shards: shards(0, 12) }],
    { dead: [], take: shards(0, 12), give: [] },
  ],
]

for (const [name, slots, groups, plan] of situations) {
  test(name, () => assert.deepEqual(planShards(slots, groups, me, 4), plan))
}

test('processes that come and go always end with fair shares', () => {
  const owner = new Map<number, number>(shards(0, 100).map((shard) => [shard, -1]))
  const groups = (): ShardGroup[] =>
    [...Map.groupBy(owner, ([, slot]) => slot)].map(([slot, list]) => ({
      slot,
      epoch: slot < 0 ? 0 : 1,
      shards: list.map(([shard]) => shard),
    }))
  for (const alive of [[0], [0, 1], [0, 1, 2, 3, 4], [1, 4], [1, 4, 7], [2]]) {
    const slots = shards(0, 8).map((slot) => (alive.includes(slot) ? live(slot) : ended(slot)))
    for (let round = 0; round < 40; round++) {
      for (const slot of alive) {
        const plan = planShards(slots, groups(), { slot, epoch: 1 }, 4)
        for (const shard of plan.take) owner.set(shard, slot)
        for (const shard of plan.give) owner.set(shard, -1)
      }
    }
    const counts = alive.map((slot) => [...owner.values()].filter((is) => is === slot).length)
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      100,
    )
    assert.ok(Math.max(...counts) <= Math.ceil(100 / alive.length), `${counts}`)
  }
})
