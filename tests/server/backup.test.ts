// Goal: an operator puts an older backup back and says so: no key is given twice, clients begin anew, nothing is done while it runs.
// Method: the real program, a copy of its SQLite file put back over what happened since.
import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { causeway, folderOf } from './command.ts'

const config = ['--config', 'causeway.yaml']

async function claim(client: MatrixClient, deviceId: string): Promise<string[]> {
  const body = { one_time_keys: { [client.userId]: { [deviceId]: 'x' } } }
  const { one_time_keys: keys } = objectAt((await client.request('POST', 'v3/keys/claim', body)).body)
  return Object.keys(objectAt(objectAt(objectAt(keys)[client.userId] ?? {})[deviceId] ?? {}))
}

test('E02: a backup is put back', async () => {
  const server = await startCauseway({ name: 'backup', ca: createTestCa() })
  try {
    const folder = folderOf(server)
    const [database, copy] = [join(folder, 'data/causeway.db'), join(folder, 'copy.db')]
    const ann = await server.registerUser('ann')
    const device = stringAt(objectAt((await ann.request('GET', 'v3/account/whoami')).body)['device_id'])
    const upload = (...ids: string[]) =>
      ann.request('POST', 'v3/keys/upload', { one_time_keys: Object.fromEntries(ids.map((id) => [`x:${id}`, `key ${id}`])) })
    await upload('a', 'b')
    await server.stop()
    copyFileSync(database, copy)
    await server.start()
    assert.deepEqual(await claim(ann, device), ['x:a'])
    const since = stringAt(objectAt((await ann.request('GET', 'v3/sync')).body)['next_batch'])

    const refused = await causeway(['database', 'restored', '--json', ...config], folder)
    assert.deepEqual([refused.code, JSON.parse(refused.out).code], [1, 'RUNNING'])
    assert.deepEqual(await claim(ann, device), ['x:b'], 'nothing was voided')

    await server.stop()
    for (const rest of ['-wal', '-shm']) rmSync(`${database}${rest}`, { force: true })
    copyFileSync(copy, database)
    const said = await causeway(['database', 'restored', '--json', ...config], folder)
    assert.deepEqual([said.code, said.err], [0, ''])
    const { epoch, ...done } = JSON.parse(said.out)
    assert.ok(epoch > 1)
    assert.deepEqual(done, { one_time_keys_voided: 2, users_told: 1, remote_lists_stale: 0 })

    await server.start()
    assert.deepEqual(await claim(ann, device), [])
    await upload('c')
    const answer = objectAt((await ann.request('GET', `v3/sync?since=${since}`)).body)
    assert.deepEqual(answer['device_one_time_keys_count'], { x: 1, signed_curve25519: 0 })
    assert.notEqual(stringAt(answer['next_batch']).split('_')[1], since.split('_')[1])
    assert.deepEqual(await claim(ann, device), ['x:c'])
  } finally {
    await server.dispose()
  }
})
