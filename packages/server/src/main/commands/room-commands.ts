import type { AdminClient } from '../admin-client.ts'
import { isoTime } from '../../platform/clock.ts'
import { exitCodes, type Call, type Command } from '../command-line/command.ts'
import { clientOf, type OpenOffline } from './with-client.ts'

const rooms = '/_causeway/v1/rooms'

/** The commands about rooms. */
export function roomCommands(openOffline: OpenOffline): readonly Command[] {
  const withClient = clientOf(openOffline)
  const path = (call: Call, operation: string): string => `${rooms}/${encodeURIComponent(call.args[0] ?? '')}/${operation}`
  return [
    {
      name: 'room flagged',
      args: [],
      flags: [],
      summary: 'List the rooms whose state fell back to older events: they may have been attacked.',
      configured: true,
      run: (call) => withClient(call, (client) => listFlagged(call, client)),
    },
    {
      name: 'room upgrade',
      args: ['ROOM'],
      flags: [
        { name: '--version', value: 'VERSION', about: 'The version of the new room. Without it, that of all new rooms.' },
        { name: '--as', value: 'USER', about: 'The member in whose name it is done. Without it, the one of ours with most power.' },
      ],
      summary: 'Put a new room in the place of one, and tell its members.',
      configured: true,
      run: (call) =>
        withClient(call, async (client) => {
          const [version, user] = [call.flags.get('--version'), call.flags.get('--as')]
          const wish = { ...(version === undefined ? {} : { new_version: version }), ...(user === undefined ? {} : { user_id: user }) }
          const done = await client.call('POST', path(call, 'upgrade'), wish)
          const { room_id: old, replacement_room: replacement, user_id: by } = done
          call.terminal.out(
            call.json ? JSON.stringify(done) : `${String(replacement)} takes the place of ${String(old)}, made by ${String(by)}`,
          )
          return exitCodes.done
        }),
    },
    {
      name: 'room unflag',
      args: ['ROOM'],
      flags: [],
      summary: 'Take a room from the list of flagged ones.',
      configured: true,
      run: (call) =>
        withClient(call, async (client) => {
          const done = await client.call('POST', path(call, 'unflag'), {})
          call.terminal.out(call.json ? JSON.stringify(done) : 'the room is not flagged any more')
          return exitCodes.done
        }),
    },
  ]
}

async function listFlagged({ json, terminal }: Call, client: AdminClient): Promise<number> {
  const all: unknown[] = []
  let from: unknown
  do {
    const page = await client.call('GET', typeof from === 'number' ? `${rooms}/flagged?from=${from}` : `${rooms}/flagged`)
    if (Array.isArray(page['rooms'])) all.push(...page['rooms'])
    from = page['next']
  } while (typeof from === 'number')
  if (json) terminal.out(JSON.stringify({ rooms: all }))
  else for (const room of all) for (const line of linesOf(room)) terminal.out(line)
  return exitCodes.done
}

/** A room, and below it what of its state fell back. */
function linesOf(room: unknown): string[] {
  const { room_id: roomId, version, reset } = fieldsOf(room)
  const { at, entries } = fieldsOf(reset)
  const when = typeof at === 'number' ? isoTime(at) : ''
  const list: readonly unknown[] = Array.isArray(entries) ? entries : []
  const changes = list.map(fieldsOf).map(({ type, state_key: key, was, now }) => {
    const name = key === '' ? String(type) : `${String(type)} ${String(key)}`
    return `  ${name}: ${String(was)} gave way to ${now === undefined ? 'nothing' : String(now)}`
  })
  return [`${String(roomId)}  version ${String(version)}  ${when}`, ...changes]
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
