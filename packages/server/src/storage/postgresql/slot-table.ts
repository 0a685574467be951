import { limits } from '../../limits.ts'
import { DatabaseUnusable } from '../database-unusable.ts'
import type { Connection } from './connection.ts'
import { Fenced, type Fence } from './group-transaction.ts'
import { leaseMs, slotsMax } from './limits.ts'
import type { ShardGroup, SlotState } from './plan-shards.ts'

/** A process as others see it. */
export interface Tenant {
  readonly process: string
  /** Of its internal listener. */
  readonly address: string
  /** What only one process can have at a time; '' for nothing. */
  readonly home: string
}

/** A slot that was taken, with the last position in it. */
export interface Tenancy extends Fence {
  readonly position: number
}

/** A slot's row, for whoever looks for the owner of a shard. */
export interface SlotRow extends SlotState {
  readonly address: string
}

/** Numbers of advisory locks, which belong to the whole database: the bytes of "CWAY", and a number each. */
export const advisoryLocks = { migration: '1129791833, 1', leases: '1129791833, 2' } as const

const now = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'
const lockLeases = `SELECT pg_advisory_xact_lock(${advisoryLocks.leases})`

/** Nobody's shards. */
const nobody = -1

/** Make a row for each shard, held by nobody. */
export async function createShards(connection: Connection): Promise<void> {
  await connection.send(
    `INSERT INTO shards (shard, slot, epoch) SELECT n, ${nobody}, 0 FROM generate_series(0, ${limits.shards - 1}) n ON CONFLICT DO NOTHING`,
  )
}

/**
 * Take a slot whose lease has ended, or a new one, with a higher epoch: whoever held it before is fenced from here on.
 * `afterDeath`: this process has just come into its home, so whoever had it before is dead, and its slot is taken whatever is left of its lease.
 * Throws `DatabaseUnusable` if all slots are held.
 */
export function takeSlot(connection: Connection, tenant: Tenant, afterDeath = false): Promise<Tenancy> {
  const { process, address, home } = tenant
  return connection.transaction(async () => {
    await connection.send(lockLeases)
    const slot =
      (afterDeath ? await inheritedSlot(connection, home) : undefined) ?? (await endedSlot(connection)) ?? (await unusedSlot(connection))
    const { rows } = await connection.send(
      `INSERT INTO slots AS s (slot, epoch, position, process, address, home, expires_at) VALUES ($1, 1, 0, $2, $3, $4, ${now} + ${leaseMs})
       ON CONFLICT (slot) DO UPDATE SET epoch = s.epoch + 1, process = excluded.process, address = excluded.address, home = excluded.home,
         expires_at = excluded.expires_at
       RETURNING slot, epoch, position`,
      [slot, process, address, home],
    )
    await connection.send(tellOwners)
    return { slot: Number(rows[0]?.['slot']), epoch: Number(rows[0]?.['epoch']), position: Number(rows[0]?.['position']) }
  })
}

/** The slot of the dead process of a home. It waits for a transaction that the process left behind, and fences further slots of it. */
async function inheritedSlot(connection: Connection, home: string): Promise<number | undefined> {
  if (home === '') return undefined
  const { rows } = await connection.send(`UPDATE slots SET epoch = epoch + 1, expires_at = 0 WHERE home = $1 RETURNING slot`, [home])
  return rows.length === 0 ? undefined : Math.min(...rows.map((row) => Number(row['slot'])))
}

async function endedSlot(connection: Connection): Promise<number | undefined> {
  const { rows } = await connection.send(`SELECT slot FROM slots WHERE expires_at <= ${now} ORDER BY slot LIMIT 1 FOR UPDATE SKIP LOCKED`)
  return rows[0] === undefined ? undefined : Number(rows[0]['slot'])
}

async function unusedSlot(connection: Connection): Promise<number> {
  const { rows } = await connection.send('SELECT slot, process FROM slots')
  const used = new Set(rows.map((row) => row['slot']))
  for (let slot = 0; slot < slotsMax; slot++) if (!used.has(slot)) return slot
  throw new DatabaseUnusable(
    `${slotsMax} processes use this database already, and no more can: ${rows.map((row) => row['process']).join(', ')}`,
  )
}

/** The session's statement that tells every process to look at slots and shards. */
export const tellOwners = `SELECT pg_notify('causeway', 'owners')`

/** What `renewAndLook` saw. */
export interface OwnersSeen {
  readonly slots: readonly SlotRow[]
  readonly groups: readonly ShardGroup[]
}

/** Renew the lease and see who holds what. Throws `Fenced` if the slot was taken over. */
export async function renewAndLook(connection: Connection, fence: Fence, tenant: Tenant): Promise<OwnersSeen> {
  const [renewed, slots, groups] = await Promise.all([
    connection.send(
      `UPDATE slots SET expires_at = ${now} + ${leaseMs}, process = $3, address = $4, home = $5 WHERE slot = $1 AND epoch = $2`,
      [fence.slot, fence.epoch, tenant.process, tenant.address, tenant.home],
    ),
    connection.send(`SELECT slot, epoch, address, expires_at - ${now} AS left_ms FROM slots`),
    connection.send('SELECT slot, epoch, array_agg(shard ORDER BY shard) AS shards FROM shards GROUP BY slot, epoch'),
  ])
  if (renewed.count !== 1) throw new Fenced('the lease of the slot had ended, and another process took it')
  return {
    slots: slots.rows.map((row) => ({
      slot: Number(row['slot']),
      epoch: Number(row['epoch']),
      address: String(row['address']),
      leftMs: Number(row['left_ms']),
    })),
    groups: groups.rows.map((row) => ({ slot: Number(row['slot']), epoch: Number(row['epoch']), shards: numbers(row['shards']) })),
  }
}

/**
 * Take those of the shards that nobody can write in any more; gives which these were. Slots of `dead` whose lease has ended
 * are fenced first, which waits for a transaction that they may have left behind.
 */
export function takeShards(connection: Connection, fence: Fence, shards: readonly number[], dead: readonly number[]): Promise<number[]> {
  return connection.transaction(async () => {
    await connection.send(lockLeases)
    if (dead.length > 0) {
      await connection.send(`UPDATE slots SET epoch = epoch + 1 WHERE slot = ANY($1) AND expires_at <= ${now}`, [`{${dead.join()}}`])
    }
    const { rows } = await connection.send(
      `UPDATE shards SET slot = $1, epoch = $2 WHERE shard = ANY($3)
         AND NOT EXISTS (SELECT 1 FROM slots WHERE slots.slot = shards.slot AND slots.epoch = shards.epoch)
         AND EXISTS (SELECT 1 FROM slots WHERE slots.slot = $1 AND slots.epoch = $2)
       RETURNING shard`,
      [fence.slot, fence.epoch, `{${shards.join()}}`],
    )
    await connection.send(tellOwners)
    return rows.map((row) => Number(row['shard']))
  })
}

/** Let go of shards. It holds the slot's row as every group does, so no group of ours is in between. */
export async function releaseShards(connection: Connection, fence: Fence, shards: readonly number[]): Promise<void> {
  await connection.transaction(async () => {
    await connection.send('SELECT 1 FROM slots WHERE slot = $1 FOR UPDATE', [fence.slot])
    await connection.send(`UPDATE shards SET slot = ${nobody}, epoch = 0 WHERE shard = ANY($3) AND slot = $1 AND epoch = $2`, [
      fence.slot,
      fence.epoch,
      `{${shards.join()}}`,
    ])
    await connection.send(tellOwners)
  })
}

/** Let go of the slot and all its shards, so that others need not wait for the lease to end. */
export async function releaseSlot(connection: Connection, fence: Fence): Promise<void> {
  await connection.transaction(async () => {
    await connection.send('UPDATE slots SET expires_at = 0 WHERE slot = $1 AND epoch = $2', [fence.slot, fence.epoch])
    await connection.send(`UPDATE shards SET slot = ${nobody}, epoch = 0 WHERE slot = $1 AND epoch = $2`, [fence.slot, fence.epoch])
    await connection.send(tellOwners)
  })
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : []
}
