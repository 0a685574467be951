import { realRandom } from '../../platform/random.ts'
import type { AdminClient } from '../admin-client.ts'
import { CommandError, exitCodes, type Call, type Command, type CommandFlag } from '../command-line/command.ts'
import { clientOf, type OpenOffline } from './with-client.ts'

/** Characters of a password that we choose: 119 bits. */
const passwordLength = 20

const users = '/_causeway/v1/users'

const passwordFlags: readonly CommandFlag[] = [
  { name: '--password', value: 'PW', about: 'The password. Others on this machine can see it in the list of processes.' },
  { name: '--password-stdin', about: 'Read the password from the standard input. Without either, one is chosen and printed.' },
]

/** The commands about accounts. */
export function userCommands(openOffline: OpenOffline): readonly Command[] {
  const withClient = clientOf(openOffline)
  return [
    {
      name: 'user create',
      args: ['NAME'],
      flags: [...passwordFlags, { name: '--admin', about: 'The account may administer this server.' }],
      summary: 'Make an account.',
      configured: true,
      run: (call) =>
        withClient(call, async (client) => {
          const { password, chosen } = await readPassword(call)
          const made = await client.call('POST', users, { name: call.args[0], password, admin: call.flags.has('--admin') })
          tell(call, { ...made, ...chosen }, `made ${String(made['user_id'])}`, chosen)
          return exitCodes.done
        }),
    },
    {
      name: 'user list',
      args: [],
      flags: [],
      summary: 'List the accounts.',
      configured: true,
      run: (call) => withClient(call, (client) => listUsers(call, client)),
    },
    {
      name: 'user password',
      args: ['NAME'],
      flags: passwordFlags,
      summary: 'Set a password, and end all sessions of the account.',
      configured: true,
      run: (call) =>
        withClient(call, async (client) => {
          const { password, chosen } = await readPassword(call)
          const done = await client.call('POST', `${users}/${encodeURIComponent(call.args[0] ?? '')}/password`, { password })
          tell(call, { ...done, ...chosen }, 'the password is set', chosen)
          return exitCodes.done
        }),
    },
    {
      name: 'user deactivate',
      args: ['NAME'],
      flags: [],
      summary: 'End an account for ever: nobody can log in or take its name again.',
      configured: true,
      run: (call) =>
        withClient(call, async (client) => {
          const done = await client.call('POST', `${users}/${encodeURIComponent(call.args[0] ?? '')}/deactivate`, {})
          tell(call, done, 'the account is deactivated')
          return exitCodes.done
        }),
    },
  ]
}

interface Password {
  readonly password: string
  /** To be shown, since nobody else knows it. */
  readonly chosen: { readonly password: string } | undefined
}

async function readPassword({ flags, terminal }: Call): Promise<Password> {
  const given = flags.get('--password')
  if (typeof given === 'string' && given !== '') return { password: given, chosen: undefined }
  if (flags.has('--password-stdin')) {
    const password = (await terminal.input()).replace(/\r?\n$/, '')
    if (password === '') throw new CommandError('the standard input holds no password', exitCodes.misused, 'MISUSED')
    return { password, chosen: undefined }
  }
  const password = realRandom().token(passwordLength)
  return { password, chosen: { password } }
}

async function listUsers({ json, terminal }: Call, client: AdminClient): Promise<number> {
  const all: unknown[] = []
  let from: unknown
  do {
    const page = await client.call('GET', typeof from === 'string' ? `${users}?from=${encodeURIComponent(from)}` : users)
    if (Array.isArray(page['users'])) all.push(...page['users'])
    from = page['next']
  } while (typeof from === 'string')
  if (json) terminal.out(JSON.stringify({ users: all }))
  else for (const user of all) terminal.out(userLine(user))
  return exitCodes.done
}

function userLine(user: unknown): string {
  if (typeof user !== 'object' || user === null || !('user_id' in user)) return String(user)
  const marks = Object.entries(user).flatMap(([name, value]) => (value === true ? [name] : []))
  return [String(user.user_id), ...marks].join('  ')
}

function tell({ json, terminal }: Call, result: object, text: string, chosen?: { readonly password: string }): void {
  if (json) terminal.out(JSON.stringify(result))
  else terminal.out(chosen === undefined ? text : `${text}\npassword: ${chosen.password}`)
}
