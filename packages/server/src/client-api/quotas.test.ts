// Goal: whatever a user leaves with the server has a limit, and who reaches it is told so and may go on using what is there.
// Method: real HTTP on both databases, with accounts that are filled up to their limits in the tables.
import assert from 'node:assert/strict'
import { backupBytesMax, backupKeysMax, backupVersionsMax } from '../e2ee/limits.ts'
import { sql, type SqlValue } from '../storage/sql.ts'
import { upsertAccountData } from '../storage/tables/account-data.ts'
import { insertDevice } from '../storage/tables/devices.ts'
import { countFilters, insertFilter } from '../storage/tables/filters.ts'
import { insertBackupVersion } from '../storage/tables/key-backups.ts'
import type { TableWrite } from '../storage/table-write.ts'
import {
  accountDataBytesMax,
  accountDataEntriesMax,
  accountDataTotalBytesMax,
  devicesPerUserMax,
  filtersPerUserMax,
} from '../users/limits.ts'
import { onEachUserServer, outcome, text, type UserServer } from './user-api.fixture.ts'

const v3 = '/_matrix/client/v3'
const alice = '@alice:here'

/** `atOnce`: rows of one commit; few where they are large, for a commit has a time limit. */
async function fill(
  { db }: UserServer,
  write: TableWrite,
  count: number,
  row: (index: number) => SqlValue[],
  atOnce = 20_000,
): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    const rows = Array.from({ length: Math.min(atOnce, count - from) }, (_, index) => row(from + index))
    await db.commit({ rows: [{ write, rows }] })
  }
}

onEachUserServer('D18: devices', {}, async (server) => {
  const token = await server.join('alice')
  const device = text(await server.call('GET', `${v3}/account/whoami`, { token }), 'device_id')
  await fill(server, insertDevice, devicesPerUserMax - 1, (n) => [alice, `D${n}`, null, 0, null, null])
  assert.equal(outcome(await server.logIn('alice')), '403 M_FORBIDDEN')
  assert.equal(outcome(await server.logIn('alice', { device_id: 'NEW' })), '403 M_FORBIDDEN')
  assert.equal(outcome(await server.logIn('alice', { device_id: 'D7' })), '200')
  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'password of alice' }
  assert.equal(outcome(await server.call('DELETE', `${v3}/devices/D8`, { token, body: { auth } })), '200')
  assert.equal(outcome(await server.logIn('alice', { device_id: device })), '200')
  assert.equal(outcome(await server.logIn('alice', { device_id: 'NEW' })), '200')
  assert.equal(outcome(await server.logIn('alice')), '403 M_FORBIDDEN')
})

onEachUserServer('D18: filters: the oldest goes', {}, async (server) => {
  const token = await server.join('alice')
  await fill(server, insertFilter, filtersPerUserMax, (n) => [alice, n, '{}', n])
  const path = `${v3}/user/${encodeURIComponent(alice)}/filter`
  const made = await server.call('POST', path, { token, body: { room: { timeline: { limit: 7 } } } })
  assert.equal(outcome(made), '200')
  assert.equal(await countFilters(server.db, alice), filtersPerUserMax)
  assert.equal(outcome(await server.call('GET', `${path}/0`, { token })), '404 M_NOT_FOUND')
  assert.deepEqual((await server.call('GET', `${path}/${text(made, 'filter_id')}`, { token })).json, { room: { timeline: { limit: 7 } } })
  assert.equal(
    outcome(
      await server.call('POST', path, { token, body: { event_fields: Array.from({ length: 400 }, (_, n) => `${n}${'x'.repeat(200)}`) } }),
    ),
    '413 M_TOO_LARGE',
  )
})

onEachUserServer('D18: account data: by number', {}, async (server) => {
  const token = await server.join('alice')
  const path = `${v3}/user/${encodeURIComponent(alice)}/account_data`
  await fill(server, upsertAccountData, accountDataEntriesMax, (n) => [alice, '', `type${n}`, '{}', server.db.slot, 0])
  const set = (type: string, body: object) => server.call('PUT', `${path}/${type}`, { token, body })
  assert.equal(outcome(await set('one.more', {})), '413 M_TOO_LARGE')
  assert.equal(outcome(await set('type7', { changed: true })), '200')
  assert.equal(outcome(await set('type7', { long: 'x'.repeat(accountDataBytesMax) })), '413 M_TOO_LARGE')
})

onEachUserServer('D18: account data: by size', {}, async (server) => {
  const token = await server.join('alice')
  const path = `${v3}/user/${encodeURIComponent(alice)}/account_data`
  const whole = JSON.stringify({ long: 'x'.repeat(accountDataBytesMax - 100) })
  const count = Math.floor(accountDataTotalBytesMax / whole.length)
  await fill(server, upsertAccountData, count, (n) => [alice, '', `type${n}`, whole, server.db.slot, 0], 16)
  const set = (type: string, body: object) => server.call('PUT', `${path}/${type}`, { token, body })
  assert.equal(outcome(await set('one.more', { long: 'x'.repeat(accountDataBytesMax - 200) })), '413 M_TOO_LARGE')
  assert.equal(outcome(await set('type3', {})), '200')
  assert.equal(outcome(await set('one.more', { long: 'x'.repeat(100_000) })), '200')
})

onEachUserServer('D18: key backups: versions, sessions and bytes', {}, async (server) => {
  const [token, bob] = [await server.join('alice'), await server.join('bob')]
  const base = `${v3}/room_keys`
  const session = { first_message_index: 0, forwarded_count: 0, is_verified: false, session_data: { ciphertext: 'x'.repeat(1_000) } }
  const put = (version: number, by = token) => server.call('PUT', `${base}/keys/!r:here/s?version=${version}`, { token: by, body: session })
  const begun = (keys: number, bytes: number) => (n: number) => ['x', '{}', 0, n === 1 ? keys : 0, n === 1 ? bytes : 0, 0] as const
  const fillFor = (userId: string, count: number, keys: number, bytes: number) =>
    fill(server, insertBackupVersion, count, (n) => [userId, n + 1, ...begun(keys, bytes)(n)])

  await fillFor(alice, 2, backupKeysMax, 0)
  assert.equal(outcome(await put(2)), '413 M_TOO_LARGE')
  assert.equal(outcome(await server.call('DELETE', `${base}/version/2`, { token })), '200')
  assert.equal(outcome(await put(1)), '200')
  const { count } = (await server.call('GET', `${base}/version/1`, { token })).json
  assert.equal(count, 1)

  // The bytes of an older version count as well, until it is deleted.
  await fillFor('@bob:here', backupVersionsMax, 0, backupBytesMax - 500)
  const begin = () => server.call('POST', `${base}/version`, { token: bob, body: { algorithm: 'x', auth_data: {} } })
  assert.equal(outcome(await begin()), '413 M_TOO_LARGE')
  assert.equal(outcome(await put(backupVersionsMax, bob)), '413 M_TOO_LARGE')
  assert.equal(outcome(await server.call('DELETE', `${base}/version/2`, { token: bob })), '200')
  assert.equal(outcome(await put(backupVersionsMax, bob)), '200')
  const bytes = async () => {
    const query = sql<{ bytes: number }>('test.bytes')`SELECT sum(bytes) AS bytes FROM key_backup_versions WHERE user_id = ${'@bob:here'}`
    return (await server.db.first(query))?.bytes
  }
  assert.equal(Number(await bytes()), JSON.stringify(session).length)
  assert.equal(outcome(await server.call('DELETE', `${base}/keys/!r:here?version=${backupVersionsMax}`, { token: bob })), '200')
  assert.equal(Number(await bytes()), 0)
})
