// Goal: the commands about accounts say the right thing to a running server, and open one of their own where none runs.
// Method: a real unix socket with recorded answers in place of the server's routes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { openHttpListener, type HttpListener } from '../../platform/http-listener.ts'
import type { Terminal } from '../command-line/command.ts'
import { CommandError } from '../command-line/command.ts'
import { parseArguments } from '../command-line/parse-arguments.ts'
import { userCommands } from './user-commands.ts'

interface Bench {
  readonly requests: string[]
  readonly out: string[]
  opened: number
  run(line: string, input?: string): Promise<number>
}

const answers: Readonly<Record<string, [status: number, body: object]>> = {
  'GET /_causeway/v1/users': [200, { users: [{ user_id: '@a:x', admin: true }], next: 'p 2' }],
  'GET /_causeway/v1/users?from=p%202': [200, { users: [{ user_id: '@b:x', admin: false, deactivated: true }] }],
  'POST /_causeway/v1/users': [200, { user_id: '@new:x' }],
  'POST /_causeway/v1/users/%40a%3Ax/password': [200, {}],
  'POST /_causeway/v1/users/ghost/deactivate': [404, { errcode: 'M_NOT_FOUND', error: 'there is no such user' }],
  'GET /health': [200, {}],
}

function bench(t: TestContext): Bench {
  const dataDir = mkdtempSync(join(tmpdir(), 'causeway-'))
  t.after(() => rmSync(dataDir, { recursive: true }))
  const requests: string[] = []
  const out: string[] = []
  const serve = (): Promise<HttpListener> =>
    openHttpListener({ path: join(dataDir, 'admin.sock'), mode: 0o600 }, async (request, response) => {
      const name = `${request.method} ${request.url}`
      requests.push(`${name} ${await text(request)}`.trim())
      const [status, body] = answers[name] ?? [500, {}]
      response.writeHead(status).end(JSON.stringify(body))
    })
  const commands = userCommands(async () => {
    own.opened++
    const listener = await serve()
    return { stop: () => listener.close() }
  })
  const own: Bench = {
    requests,
    out,
    opened: 0,
    run: async (line, input = '') => {
      const terminal: Terminal = {
        out: (said) => out.push(said),
        err: (said) => out.push(said),
        input: async () => input,
        environment: { CAUSEWAY_DATA_DIR: dataDir },
      }
      const asked = parseArguments(line.split(' '), commands)
      assert.ok(asked.kind === 'run')
      return asked.command.run({ ...asked.call, terminal })
    },
  }
  return own
}

test('create: with a given password, one from the input, and one that is chosen', async (t) => {
  const b = bench(t)
  assert.equal(await b.run('user create new --password secret --admin'), 0)
  assert.equal(b.requests.at(-1), 'POST /_causeway/v1/users {"name":"new","password":"secret","admin":true}')
  assert.deepEqual(b.out, ['made @new:x'])
  await b.run('user create new --password-stdin', 'from input\n')
  assert.equal(b.requests.at(-1), 'POST /_causeway/v1/users {"name":"new","password":"from input","admin":false}')
  await b.run('user create new --json')
  const made = JSON.parse(b.out.at(-1) ?? '')
  assert.equal(made.user_id, '@new:x')
  assert.match(made.password, /^[A-Za-z0-9]{20}$/)
  assert.ok(b.requests.at(-1)?.includes(made.password))
  assert.equal(b.opened, 3)
})

test('list goes through all pages; names are escaped; a refusal is an error with its code', async (t) => {
  const b = bench(t)
  assert.equal(await b.run('user list'), 0)
  assert.deepEqual(b.out, ['@a:x  admin', '@b:x  deactivated'])
  assert.equal(await b.run('user password @a:x --password x'), 0)
  await assert.rejects(b.run('user deactivate ghost'), (error) => error instanceof CommandError && error.code === 'M_NOT_FOUND')
  await assert.rejects(b.run('user create x --password-stdin'), /holds no password/)
})
