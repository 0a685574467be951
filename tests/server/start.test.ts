// Goal: what an operator relies on at a start: one process for one database, one name for ever, files that only the owner reads,
// and accounts from the command line, whether the server runs or not.
// Method: the real program in processes of its own, on SQLite.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'
import type { Homeserver } from '../../packages/testkit/src/processes/homeserver.ts'
import { startCauseway } from '../../packages/testkit/src/processes/start-causeway.ts'
import { createTestCa } from '../../packages/testkit/src/tls/test-ca.ts'
import { causeway, folderOf } from './command.ts'

let server: Homeserver
let folder: string
const config = ['--config', 'causeway.yaml']
const otherPorts = ['--listeners-client', 'http://127.0.0.1:0', '--listeners-federation', 'https://127.0.0.1:0']

before(async () => {
  server = await startCauseway({ name: 'start', ca: createTestCa() })
  folder = folderOf(server)
})

after(() => server.dispose())

test('a second process on the same data folder is refused, and the first one goes on', async () => {
  const second = await causeway(['start', ...config, ...otherPorts], folder)
  assert.equal(second.code, 1)
  assert.match(second.err, /^causeway: another process listens on .*admin\.sock: stop it first/)
  assert.equal((await server.origin.request({ method: 'GET', path: '/health' })).status, 200)
})

test('a second process on the same database file is refused, with what to do', async () => {
  const second = await causeway(
    ['start', ...config, ...otherPorts, '--data-dir', 'other', '--database', `sqlite:${join(folder, 'data/causeway.db')}`],
    folder,
  )
  assert.equal(second.code, 1)
  assert.match(second.err, /^causeway: the database .*causeway\.db is in use by another process: .*\n$/)
})

test('what the server keeps is for its owner alone', () => {
  const modeOf = (name: string): number => statSync(join(folder, name)).mode & 0o777
  assert.equal(modeOf('data'), 0o700)
  assert.equal(modeOf('data/signing.key'), 0o600)
  assert.equal(modeOf('data/admin.sock'), 0o600)
})

test('accounts are made on the command line while the server runs', async () => {
  const made = await causeway(['user', 'create', 'ann', '--password-stdin', '--json', ...config], folder, 'the secret of ann\n')
  assert.deepEqual([made.code, made.err], [0, ''])
  assert.equal(JSON.parse(made.out).user_id, `@ann:${server.serverName}`)
  const ann = await MatrixClient.login(server.origin, 'ann', 'the secret of ann')
  assert.equal(ann.userId, `@ann:${server.serverName}`)

  const again = await causeway(['user', 'create', 'ann', '--password-stdin', '--json', ...config], folder, 'a different secret\n')
  assert.equal(again.code, 1)
  assert.equal(JSON.parse(again.out).code, 'M_USER_IN_USE')
})

test('accounts are made, and passwords set, while it does not; another name is refused', async () => {
  assert.deepEqual(await server.stop(), { code: 0, signal: null })
  const made = await causeway(['user', 'create', 'ben', '--admin', '--json', ...config], folder)
  assert.deepEqual([made.code, made.err], [0, ''])
  const { password } = JSON.parse(made.out)
  assert.equal((await causeway(['user', 'password', 'ann', '--password-stdin', ...config], folder, 'another secret\n')).code, 0)

  const renamed = await causeway(['start', ...config, ...otherPorts, '--server-name', 'other.example'], folder)
  assert.equal(renamed.code, 1)
  assert.match(renamed.err, /^causeway: .*other\.example.*\n$/)
  assert(renamed.err.includes(server.serverName), 'the message tells the name that the database has')

  await server.start()
  assert.equal((await MatrixClient.login(server.origin, 'ben', password)).userId, `@ben:${server.serverName}`)
  assert.equal((await MatrixClient.login(server.origin, 'ann', 'another secret')).userId, `@ann:${server.serverName}`)
  await assert.rejects(MatrixClient.login(server.origin, 'ann', 'the secret of ann'), { errcode: 'M_FORBIDDEN' })
})

test('a key that does not exist is told with the nearest that does', async () => {
  const wrong = await causeway(['start', '--config', 'causeway.yaml', '--listener-client', 'http://127.0.0.1:0'], folder)
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /did you mean --listeners-client\?/)
})
