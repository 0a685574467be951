// Goal: the command line means one thing, and what it can't mean is said with the nearest thing that it could.
// Method: a table of lines; the commands record nothing, only their parsed call is looked at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from './command.ts'
import { parseArguments } from './parse-arguments.ts'

const command = (name: string, args: readonly string[], configured: boolean): Command => ({
  name,
  args,
  flags: [
    { name: '--password', value: 'PW', about: 'For a test.' },
    { name: '--admin', about: 'For a test.' },
  ],
  summary: 'For a test.',
  configured,
  run: async () => 0,
})
const commands = [command('start', [], true), command('user create', ['NAME'], true), command('version', [], false)]

const good: [line: string, expected: string][] = [
  ['', 'help'],
  ['--help', 'help'],
  ['user create --help', 'help user create'],
  ['user create bob -h --nonsense', 'help user create'],
  ['start', 'start'],
  ['version --json', 'version json'],
  ['user create bob', 'user create bob'],
  ['user create --admin bob --password -x1', 'user create bob --admin --password=-x1'],
  ['user create bob --password=a=b --json', 'user create bob --password=a=b json'],
  ['start --server-name a.example --trust-proxy', 'start --server-name=a.example --trust-proxy'],
  ['user create --trust-proxy bob', 'user create bob --trust-proxy'],
  ['start --rate-limits off --config x.yaml', 'start --rate-limits=off --config=x.yaml'],
]

test('what is understood', () => {
  for (const [line, expected] of good) {
    const asked = parseArguments(
      line.split(' ').filter((word) => word !== ''),
      commands,
    )
    const flags = asked.kind === 'run' ? [...asked.call.flags, ...asked.call.configFlags] : []
    const shown =
      asked.kind === 'help'
        ? ['help', asked.command?.name ?? '']
        : [
            asked.command.name,
            ...asked.call.args,
            ...flags.map(([name, value]) => (value === true ? name : `${name}=${value}`)),
            asked.call.json ? 'json' : '',
          ]
    assert.equal(shown.filter((part) => part !== '').join(' '), expected, line)
  }
})

const bad: [line: string, message: RegExp][] = [
  ['strat', /no command strat; did you mean start\?/],
  ['user', /user what\? user create/],
  ['--server-name x', /there is no command/],
  ['start now', /start has no argument now/],
  ['user create', /NAME is missing/],
  ['user create a b', /no argument b/],
  ['user create a --password', /--password needs a value/],
  ['user create a --admn', /no flag --admn; did you mean --admin\?/],
  ['start --sever-name x', /did you mean --server-name\?/],
  ['start --server-name', /--server-name needs a value/],
  ['start --server-name a --server-name b', /given twice/],
  ['version --server-name x', /version has no flag --server-name/],
]

test('what is not, and why', () => {
  for (const [line, message] of bad) {
    assert.throws(() => parseArguments(line.split(' '), commands), message, line)
  }
})
