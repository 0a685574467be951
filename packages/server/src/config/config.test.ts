// Goal: every option is read from each of its three places, weighed rightly, and a mistake is named with its place.
// Method: configurations as texts; the declarations themselves are checked for clashes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configManual } from './manual.ts'
import { allOptions, loadConfig, type ConfigSources } from './load-config.ts'
import { flagOf, variableOf } from './option.ts'
import { configLines } from './print-config.ts'

function load(sources: { yaml?: string; environment?: Record<string, string>; flags?: Record<string, string | true> }) {
  const file = sources.yaml === undefined ? undefined : { name: 'c.yaml', text: sources.yaml }
  const whole: ConfigSources = { file, environment: sources.environment ?? {}, flags: new Map(Object.entries(sources.flags ?? {})) }
  return loadConfig(whole)
}

async function config(sources: Parameters<typeof load>[0]) {
  const loaded = await load(sources)
  assert.ok(loaded.ok, JSON.stringify(loaded))
  return loaded.config
}

async function problems(sources: Parameters<typeof load>[0]): Promise<string[]> {
  const loaded = await load(sources)
  return loaded.ok ? [] : loaded.problems.map(({ where, why }) => `${where}: ${why}`)
}

test('nothing written: the defaults, and nothing can be changed afterwards', async () => {
  const { server, listeners, registration, rates, log, cache, federation } = await config({})
  assert.deepEqual([server.name, server.defaultRoomVersion, server.publicBaseUrl], ['localhost', '12', undefined])
  assert.ok(server.database.kind === 'sqlite' && server.database.path.endsWith('/data/causeway.db'))
  assert.deepEqual(listeners.client, { scheme: 'http', host: '127.0.0.1', port: 8008 })
  assert.deepEqual(listeners.federation, { scheme: 'https', host: '127.0.0.1', port: 8448 })
  assert.deepEqual([listeners.metrics, listeners.internal, listeners.trustProxy], [undefined, undefined, false])
  assert.deepEqual([registration.mode, registration.tokens, registration.sharedSecret], ['closed', [], undefined])
  assert.deepEqual([rates.on, rates.login], [true, { perSecond: 0.2, burst: 10 }])
  assert.deepEqual(
    [log.level, log.addresses, cache.roomViewsMb, federation.on, federation.hostsFile],
    ['info', false, 96, true, '/etc/hosts'],
  )
  assert.ok(Object.isFrozen(server))
})

test('flags weigh more than variables, variables more than the file', async () => {
  const yaml =
    'server_name: file.example\nlog:\n  level: warn\nlisteners: {client: "http://[::1]:1", metrics: "unix:/run/m.sock"}\nrates:\n  write: 1.5/s, 2\n'
  const environment = {
    CAUSEWAY_SERVER_NAME: 'variable.example',
    CAUSEWAY_LOG_LEVEL: 'error',
    CAUSEWAY_DATA_DIR: '/d',
    OTHER: 'x',
    CAUSEWAY_LOG_FORMAT: '',
  }
  const flags = { '--server-name': 'flag.example', '--trust-proxy': true as const, '--outbound-allowed-ranges': '10.0.0.0/8, ::1' }
  const { server, log, listeners, rates, federation } = await config({ yaml, environment, flags })
  assert.deepEqual([server.name, log.level, listeners.trustProxy], ['flag.example', 'error', true])
  assert.deepEqual(listeners.client, { scheme: 'http', host: '::1', port: 1 })
  assert.deepEqual(listeners.metrics, { scheme: 'unix', path: '/run/m.sock' })
  assert.deepEqual([server.signingKeyFile, server.database], ['/d/signing.key', { kind: 'sqlite', path: '/d/causeway.db' }])
  assert.deepEqual(rates.write, { perSecond: 1.5, burst: 2 })
  assert.deepEqual(federation.allowedRanges, [
    { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
    { address: '::1', prefix: 128, family: 'ipv6' },
  ])
})

test('a mistake is named with its place, and an unknown name with the nearest known one', async () => {
  const cases: [sources: Parameters<typeof load>[0], problem: RegExp][] = [
    [{ yaml: 'sever_name: x' }, /^c.yaml: sever_name: there is no such key; did you mean server_name\?$/],
    [{ yaml: 'log: {levle: info}' }, /did you mean log.level\?$/],
    [{ yaml: 'log: 3' }, /^c.yaml: log: there is no such key/],
    [{ yaml: 'something_else_entirely: 1' }, /^c.yaml: something_else_entirely: there is no such key$/],
    [{ yaml: 'server_name: a\nserver_name: b' }, /unique/],
    [{ yaml: '- a' }, /must be keys and values/],
    [{ yaml: 'cache: {room_views_mb: 7}' }, /^c.yaml: cache.room_views_mb: must be a whole number from 8/],
    [{ environment: { CAUSEWAY_SERVERNAME: 'x' } }, /^CAUSEWAY_SERVERNAME: .*did you mean CAUSEWAY_SERVER_NAME\?$/],
    [{ environment: { CAUSEWAY_REGISTRATION: 'opne' } }, /^CAUSEWAY_REGISTRATION: must be one of closed, token, open$/],
    [{ flags: { '--server-nmae': 'x' } }, /did you mean --server-name\?$/],
    [{ flags: { '--server-name': true } }, /^--server-name: needs a value/],
    [{ flags: { '--server-name': 'ex ample' } }, /^--server-name: must be a server name/],
    [{ flags: { '--database': 'mysql://x' } }, /^--database: must be sqlite:PATH or a postgres/],
    [{ flags: { '--listeners-client': '127.0.0.1:8008' } }, /^--listeners-client: must be like/],
    [{ flags: { '--listeners-client': 'http://h:65536' } }, /^--listeners-client: must be like/],
    [{ flags: { '--outbound-allowed-ranges': '10.0.0.0/33' } }, /address range/],
    [{ flags: { '--rates-write': '0/s, 5' } }, /must be like 10\/s, 50/],
    [{ flags: { '--default-room-version': '99' } }, /must be one of 1, /],
    [{ flags: { '--listeners-internal': 'http://127.0.0.1:1' } }, /PostgreSQL/],
    [{ flags: { '--registration': 'token' } }, /at least one token/],
  ]
  for (const [sources, problem] of cases) {
    const found = await problems(sources)
    assert.equal(found.length, 1, JSON.stringify([sources, found]))
    assert.match(found[0] ?? '', problem)
  }
  assert.equal((await problems({ yaml: 'a: 1\nb: 2', flags: { '--c': 'x' } })).length, 3)
})

test('an empty file or an empty level says nothing', async () => {
  assert.equal((await config({ yaml: '' })).server.name, 'localhost')
  assert.equal((await config({ yaml: 'log:\n' })).log.level, 'info')
})

test('no two options share a name, and every default reads back', async () => {
  for (const name of [(key: string) => key, variableOf, flagOf]) {
    assert.equal(new Set(allOptions.map(({ key }) => name(key))).size, allOptions.length)
  }
  const loaded = await load({})
  assert.ok(loaded.ok)
  for (const { key, value } of configLines(loaded.config, loaded.origins)) {
    const option = allOptions.find((each) => each.key === key)
    assert.ok(option?.type.parse(value).ok, key)
  }
})

test('print hides secrets and says where each value comes from; the manual has every option', async () => {
  const loaded = await load({
    flags: { '--database': 'postgresql://me:secret@db/x', '--registration-shared-secret': 'secret', '--server-name': 'a.example' },
  })
  assert.ok(loaded.ok)
  const lines = configLines(loaded.config, loaded.origins)
  assert.ok(!JSON.stringify(lines).includes('secret@') && !lines.some(({ value }) => value.includes('secret')))
  assert.deepEqual(
    lines.find(({ key }) => key === 'server_name'),
    { key: 'server_name', value: 'a.example', from: '--server-name' },
  )
  const manual = configManual()
  for (const { key } of allOptions) assert.ok(manual.includes(`### \`${key}\`\n`), key)
})
