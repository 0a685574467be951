// Goal: whoever lost its slot or a shard writes nothing there any more, and whoever takes it over comes after the last write.
// Method: commit lanes without leases on one real database; leases end by SQL, transactions stay open by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommitUnknown } from '../database.ts'
import { startPostgres } from '../../../../testkit/src/processes/postgres.ts'
import { DatabaseUnusable } from '../database-unusable.ts'
import { bareLane, contents, newCluster, putUnit } from './cluster.fixture.ts'
import { Connection } from './connection.ts'
import { GroupTransaction } from './group-transaction.ts'
import { checkDatabase, migrate } from './schema.ts'
import { releaseShards, takeShards, takeSlot } from './slot-table.ts'

const tenant = (process: string, home = '') => ({ process, address: `http://${process}.invalid`, home })

/** Takes a slot for as long as the test lasts: nobody renews its lease here, however slow the machine is. */
async function holdSlot(...taken: Parameters<typeof takeSlot>): ReturnType<typeof takeSlot> {
  const [sql] = taken
  const fence = await takeSlot(...taken)
  await sql.send('UPDATE slots SET expires_at = $1 WHERE slot = $2', [Number.MAX_SAFE_INTEGER, fence.slot])
  return fence
}

test('a zombie whose slot was taken over is refused, and its successor goes on behind it', async (t) => {
  const { url, sql } = await newCluster(t)
  await migrate(sql)
  const first = await holdSlot(sql, tenant('first'))
  const zombie = await bareLane(url, first, first.position)
  await zombie.lane.lane.commit(putUnit(first.slot, zombie.lane.lane.nextPosition(), '@a', '1'))

  await sql.send('UPDATE slots SET expires_at = 0 WHERE slot = $1', [first.slot])
  const second = await holdSlot(sql, tenant('second'))
  assert.deepEqual(second, { slot: first.slot, epoch: first.epoch + 1, position: 1 })
  const successor = await bareLane(url, second, second.position)
  await successor.lane.lane.commit(putUnit(second.slot, successor.lane.lane.nextPosition(), '@b', '1'))

  const late = zombie.lane.lane.commit(putUnit(first.slot, zombie.lane.lane.nextPosition(), '@a', 'late'))
  await assert.rejects(late, CommitUnknown)
  await assert.rejects(zombie.lane.lane.commit(putUnit(first.slot, zombie.lane.lane.nextPosition(), '@a', 'later')), CommitUnknown)
  assert.equal(zombie.fenced(), 1)
  assert.equal(zombie.lane.visible, 1)
  assert.deepEqual(await contents(sql), ['@a 1', '@b 1'])
  await successor.lane.close()
  await zombie.lane.close()
})

test('who comes into the home of a dead process has its slot at once, and nobody else has', async (t) => {
  const { sql } = await newCluster(t)
  await migrate(sql)
  const first = await holdSlot(sql, tenant('first', 'home'))
  const other = await holdSlot(sql, tenant('other', 'elsewhere'), true)
  const homeless = await holdSlot(sql, tenant('homeless'), true)
  assert.equal(new Set([first.slot, other.slot, homeless.slot]).size, 3)
  await takeShards(sql, first, [4, 5], [])
  // Not without its word that the one before is dead.
  const beside = await holdSlot(sql, tenant('beside', 'home'))
  assert.ok(![first.slot, other.slot, homeless.slot].includes(beside.slot))
  const second = await holdSlot(sql, tenant('second', 'home'), true)
  assert.equal(second.slot, first.slot)
  assert.ok(second.epoch > first.epoch)
  assert.deepEqual(await takeShards(sql, second, [4, 5], []), [4, 5])
  // The further slot of the home is free, too.
  assert.equal((await holdSlot(sql, tenant('next'))).slot, beside.slot)
  assert.equal((await holdSlot(sql, tenant('homeless', ''), true)).slot, 4)
})

test('rows of a shard that another slot holds are refused, and nothing of their group is written', async (t) => {
  const { url, sql } = await newCluster(t)
  await migrate(sql)
  const [one, two] = [await holdSlot(sql, tenant('one')), await holdSlot(sql, tenant('two'))]
  assert.deepEqual(await takeShards(sql, one, [1, 2], []), [1, 2])
  assert.deepEqual(await takeShards(sql, two, [2, 3], []), [3])
  const { lane, fenced } = await bareLane(url, one, 0)
  await lane.lane.commit(putUnit(one.slot, lane.lane.nextPosition(), '@a', '1', 1))
  const both = [
    lane.lane.commit(putUnit(one.slot, lane.lane.nextPosition(), '@a', '2', 1)),
    lane.lane.commit(putUnit(one.slot, lane.lane.nextPosition(), '@b', '2', 3)),
  ]
  assert.deepEqual(
    (await Promise.allSettled(both)).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(fenced(), 1)
  assert.deepEqual(await contents(sql), ['@a 1'])
  await lane.close()
})

test('taking over waits for the transaction that the owner left behind, and fences every later one', async (t) => {
  const { url, sql } = await newCluster(t)
  await migrate(sql)
  const [dying, heir] = [await holdSlot(sql, tenant('dying')), await holdSlot(sql, tenant('heir'))]
  await takeShards(sql, dying, [7], [])
  assert.deepEqual(await takeShards(sql, heir, [7], [dying.slot]), [], 'its lease still holds')
  await sql.send('UPDATE slots SET expires_at = 0 WHERE slot = $1', [dying.slot])

  const connection = await Connection.open({ url, name: 'dying' })
  const transaction = new GroupTransaction(connection)
  transaction.begin(dying, 1, [7])
  await transaction.settle()
  const order: string[] = []
  const taken = takeShards(sql, heir, [7], [dying.slot]).then((shards) => {
    order.push('taken')
    return shards
  })
  const watcher = await Connection.open({ url, name: 'watcher' })
  for (let waits = 0; waits === 0;) {
    waits = (await watcher.send(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'mischief' AND wait_event_type = 'Lock'`)).count
  }
  order.push('committed')
  await transaction.commit(undefined)
  assert.deepEqual(await taken, [7])
  assert.deepEqual(order, ['committed', 'taken'])

  const late = new GroupTransaction(connection)
  late.begin(dying, 2, [])
  await assert.rejects(late.settle(), { name: 'Fenced' })
  await late.rollBack()
  await releaseShards(sql, heir, [7])
  assert.deepEqual(await takeShards(sql, heir, [7], []), [7])
  await watcher.close()
  await connection.close()
})

test('what was committed although its confirmation was lost is found before anything else is written', async (t) => {
  const { url, sql } = await newCluster(t)
  await migrate(sql)
  const own = await holdSlot(sql, tenant('own'))
  const { lane } = await bareLane(url, own, 0)
  await lane.lane.commit(putUnit(own.slot, lane.lane.nextPosition(), '@a', '1'))
  // As if a commit had reached the database, and the connection had ended before its answer.
  await sql.send('UPDATE slots SET position = 2 WHERE slot = $1', [own.slot])
  await sql.send(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bare lane' AND datname = current_database()`,
  )
  // Written before or after the loss is noticed: the lane does not tell what it cannot know.
  await Promise.allSettled([lane.lane.commit(putUnit(own.slot, lane.lane.nextPosition(), '@b', '1'))])
  assert.equal(lane.visible, 2)
  await lane.lane.commit(putUnit(own.slot, lane.lane.nextPosition(), '@c', '1'))
  assert.equal(lane.visible, 3)
  await lane.close()
})

test('no more processes than slots', async (t) => {
  const { sql } = await newCluster(t)
  await migrate(sql)
  for (let n = 0; n < 32; n++) assert.equal((await holdSlot(sql, tenant(`p${n}`))).slot, n)
  await assert.rejects(
    holdSlot(sql, tenant('one too many')),
    (error) => error instanceof DatabaseUnusable && /32 processes/.test(error.message),
  )
})

test('a database whose text is in another order or encoding is refused, with the way to make one', async () => {
  const cluster = await startPostgres()
  const admin = await Connection.open({ url: cluster.url, name: 'admin' })
  for (const [name, options] of [
    ['sorted_otherwise', `LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0`],
    ['encoded_otherwise', `ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`],
    ['fine', `LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' ENCODING 'UTF8' TEMPLATE template0`],
  ] as const) {
    await admin.send(`CREATE DATABASE ${name} ${options}`)
    const connection = await Connection.open({ url: cluster.url.replace(/postgres$/, name), name })
    const checked = checkDatabase(connection)
    if (name === 'fine') await checked
    else {
      await assert.rejects(
        checked,
        (error) =>
          error instanceof DatabaseUnusable && error.message.includes(`createdb --locale=C --encoding=UTF8 --template=template0 ${name}`),
      )
    }
    await connection.close()
  }
  await admin.close()
})

test('a schema that is one version newer is used, a still newer one refused', async (t) => {
  const { sql } = await newCluster(t)
  await migrate(sql)
  const newest = Number((await sql.send('SELECT max(version) AS version FROM schema_version')).rows[0]?.['version'])
  await sql.send('INSERT INTO schema_version VALUES ($1)', [newest + 1])
  await migrate(sql)
  await sql.send('INSERT INTO schema_version VALUES ($1)', [newest + 2])
  await assert.rejects(migrate(sql), DatabaseUnusable)
})
