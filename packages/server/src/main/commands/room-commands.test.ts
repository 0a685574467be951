// Goal: the commands about rooms ask the server for the right thing, and tell people and scripts what it says.
// Method: a real unix socket with recorded answers in place of the server's routes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { openHttpListener } from '../../platform/http-listener.ts'
import { parseArguments } from '../command-line/parse-arguments.ts'
import { roomCommands } from './room-commands.ts'

const entries = [
  { type: 'm.room.join_rules', state_key: '', was: '$b' },
  { type: 'm.room.member', state_key: '@a:x', was: '$d', now: '$c' },
]
const done = { room_id: '!a:x', replacement_room: '!b', user_id: '@a:x' }
const answers: Readonly<Record<string, [status: number, body: object]>> = {
  'GET /_causeway/v1/rooms/flagged': [200, { rooms: [{ room_id: '!a:x', version: '11', reset: { at: 0, entries } }], next: 7 }],
  'GET /_causeway/v1/rooms/flagged?from=7': [200, { rooms: [{ room_id: '!c:x', version: '6', reset: { at: 1, entries: [] } }] }],
  'POST /_causeway/v1/rooms/!a%3Ax/upgrade': [200, done],
  'POST /_causeway/v1/rooms/!a%3Ax/unflag': [404, { errcode: 'M_NOT_FOUND', error: 'this room is not flagged' }],
}

test('rooms that were flagged, upgrading one, and taking one from the list', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'causeway-'))
  t.after(() => rmSync(dataDir, { recursive: true }))
  const requests: string[] = []
  const commands = roomCommands(async () => {
    const listener = await openHttpListener({ path: join(dataDir, 'admin.sock'), mode: 0o600 }, async (request, response) => {
      const name = `${request.method} ${request.url}`
      requests.push(`${name} ${await text(request)}`.trim())
      const [status, body] = answers[name] ?? [500, {}]
      response.writeHead(status).end(JSON.stringify(body))
    })
    return { stop: () => listener.close() }
  })
  const run = async (line: string): Promise<string[]> => {
    const out: string[] = []
    const say = (said: string): void => void out.push(said)
    const asked = parseArguments(line.split(' '), commands)
    assert.ok(asked.kind === 'run')
    const terminal = { out: say, err: say, input: async () => '', environment: { CAUSEWAY_DATA_DIR: dataDir } }
    assert.equal(await asked.command.run({ ...asked.call, terminal }), 0)
    return out
  }
  assert.deepEqual(await run('room flagged'), [
    '!a:x  version 11  1970-01-01T00:00:00.000Z',
    '  m.room.join_rules: $b gave way to nothing',
    '  m.room.member @a:x: $d gave way to $c',
    '!c:x  version 6  1970-01-01T00:00:00.001Z',
  ])
  assert.equal(JSON.parse((await run('room flagged --json')).join('')).rooms.length, 2)
  assert.deepEqual(await run('room upgrade !a:x --version 11 --as @a:x'), ['!b takes the place of !a:x, made by @a:x'])
  assert.equal(requests.at(-1), 'POST /_causeway/v1/rooms/!a%3Ax/upgrade {"new_version":"11","user_id":"@a:x"}')
  assert.deepEqual(JSON.parse((await run('room upgrade !a:x --json')).join('')), done)
  await assert.rejects(run('room unflag !a:x'), /this room is not flagged/)
})
