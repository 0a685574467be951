// Goal: the whole program, as an operator sees it: start, answer, stop, and what it says when it can't.
// Method: the real command in a process of its own, in a folder of its own, on ports that the system chooses.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { callSocket } from '../platform/socket-client.ts'

const bin = fileURLToPath(new URL('../../bin/causeway.mjs', import.meta.url))

interface Started {
  /** The log's lines so far. */
  readonly lines: Record<string, unknown>[]
  /** Resolves with the line whose message this is. */
  line(message: string): Promise<Record<string, unknown>>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'causeway-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function start(cwd: string, args: readonly string[]): Started {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Record<string, unknown>[] = []
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('{') && line.endsWith('}')) lines.push(JSON.parse(line))
    child.emit('lines')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Awaited<Started['ended']>>((resolve) => child.on('close', (code) => resolve({ code, out, err })))
  const line = (message: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const look = (): void => {
        const found = lines.find(({ msg }) => msg === message)
        if (found !== undefined) resolve(found)
      }
      child.on('lines', look)
      child.on('close', () => reject(new Error(`ended without "${message}": ${err}`)))
      look()
    })
  return { lines, line, kill: (signal) => child.kill(signal), ended }
}

const anyPort = [
  '--listeners-client',
  'http://127.0.0.1:0',
  '--listeners-federation',
  'https://127.0.0.1:0',
  '--listeners-metrics',
  'http://127.0.0.1:0',
]

test('start says what it is and where it listens, answers there, and stops at SIGTERM with exit code 0', async (t) => {
  const cwd = folder(t)
  const server = start(cwd, ['start', ...anyPort])
  await server.line('ready')
  const urls = await server.line('listening')
  assert.deepEqual(await (await fetch(`${String(urls['client'])}/health`)).json(), { status: 'ok' })
  const metrics = await (await fetch(`${String(urls['metrics'])}/metrics`)).text()
  assert.match(metrics, /causeway_http_requests_total\{method="GET",route="\/health",status="200"\} 1\n/)
  assert.match(metrics, /process_resident_memory_bytes \d+/)
  assert.equal((await fetch(`${String(urls['client'])}/metrics`)).status, 404)
  assert.match(String(urls['federation']), /^https:/)

  const socket = join(cwd, 'data', 'admin.sock')
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  assert.equal((await callSocket(socket, 'GET', '/health'))?.status, 200)
  const messages = server.lines.map(({ msg }) => String(msg)).join('\n')
  for (const said of [/Causeway/, /causeway user create NAME --admin/, /localhost.*never become a real name/]) assert.match(messages, said)

  const second = await start(cwd, ['start', ...anyPort]).ended
  assert.equal(second.code, 1)
  assert.match(second.err, /^causeway: another process listens on .*admin\.sock: stop it first/)

  server.kill('SIGTERM')
  const { code, err } = await server.ended
  assert.deepEqual([code, err], [0, ''])
  assert.ok(!readdirSync(join(cwd, 'data')).includes('admin.sock'))
})

test('a port in use and a wrong configuration are told in a line', async (t) => {
  const cwd = folder(t)
  const busy = start(cwd, ['start', ...anyPort])
  const { client } = await busy.line('listening')
  const refused = await start(cwd, ['start', '--data-dir', 'other', '--listeners-client', String(client)]).ended
  assert.equal(refused.code, 1)
  assert.match(refused.err, /^causeway: listen EADDRINUSE.*\n$/)
  busy.kill('SIGINT')
  assert.equal((await busy.ended).code, 0)

  writeFileSync(join(cwd, 'causeway.yaml'), 'sever_name: x\n')
  const wrong = await start(cwd, ['start']).ended
  assert.deepEqual([wrong.code, wrong.err], [2, 'causeway: causeway.yaml: sever_name: there is no such key; did you mean server_name?\n'])
  const check = await start(cwd, ['config', 'check', '--json']).ended
  assert.equal(check.code, 2)
  assert.equal(JSON.parse(check.out).ok, false)
  const missing = await start(cwd, ['config', 'check', '--config', 'none.yaml']).ended
  assert.deepEqual([missing.code, missing.err], [2, 'causeway: there is no configuration file none.yaml\n'])
})

test('version, help and manual need no configuration', async (t) => {
  const cwd = folder(t)
  assert.match((await start(cwd, ['version']).ended).out, /^causeway \d+\.\d+\.\d+ \(Node \d+/)
  assert.match((await start(cwd, ['user', 'create', '--help']).ended).out, /--password-stdin/)
  assert.match((await start(cwd, ['config', 'manual']).ended).out, /^# Configuration\n/)
})
