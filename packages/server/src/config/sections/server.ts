import { join } from 'node:path'
import { supportedRoomVersions } from '@causeway/events'
import { option, type Parsed, type ValueType } from '../option.ts'
import { bad, baseUrl, choice, filePath, good, onOff, optional, serverName, textType } from '../types.ts'

/** Where everything is kept. */
export type DatabaseLocation = { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string }

const database: ValueType<DatabaseLocation> = textType('sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE', parseDatabase, (value) =>
  value.kind === 'sqlite' ? `sqlite:${value.path}` : value.url,
)

function parseDatabase(raw: string): Parsed<DatabaseLocation> {
  if (/^postgres(ql)?:\/\//.test(raw)) return URL.canParse(raw) ? good({ kind: 'postgres', url: raw }) : bad('is not a valid URL')
  if (!raw.startsWith('sqlite:')) return bad('must be sqlite:PATH or a postgres:// URL')
  const path = filePath.parse(raw.slice('sqlite:'.length))
  return path.ok ? good({ kind: 'sqlite', path: path.value }) : path
}

export const serverSection = {
  title: 'The server',
  about: 'In production, set `server_name` and `database`; everything else has a default that is right for most.',
  options: {
    name: option({
      key: 'server_name',
      type: serverName,
      default: 'localhost',
      about:
        'The part after the colon in the names of your users and rooms. It is for ever: a database keeps the name that it was made with. ' +
        'The default is for trying out: it reaches other servers on this machine only, and it cannot become a real name later.',
    }),
    dataDir: option({
      key: 'data_dir',
      type: filePath,
      default: './data',
      about: 'The folder for the keys, for the socket of the command line and, unless `database` says otherwise, for the database.',
    }),
    database: option({
      key: 'database',
      type: database,
      default: ({ dataDir }) => `sqlite:${join(dataDir, 'causeway.db')}`,
      defaultText: 'sqlite:causeway.db in data_dir',
      about: 'Where everything is kept.',
    }),
    presence: option({
      key: 'presence',
      type: onOff,
      default: 'on',
      about: 'Tell users who of those with whom they share rooms is there, and other servers likewise. Off: nobody is told anything.',
    }),
    legacyMentions: option({
      key: 'legacy_mentions',
      type: onOff,
      default: 'off',
      about: 'Let a text mention whom it names, as before Matrix 1.17: for old clients and bridges that do not say whom they mention.',
    }),
    signingKeyFile: option({
      key: 'signing_key_file',
      type: filePath,
      default: ({ dataDir }) => join(dataDir, 'signing.key'),
      defaultText: 'signing.key in data_dir',
      about: 'The key with which this server signs; made at the first start. Keep a copy: whoever has it speaks for your server.',
    }),
    publicBaseUrl: option({
      key: 'public_base_url',
      type: optional(baseUrl),
      default: '',
      about: 'Where clients reach this server from outside: for the documents under /.well-known and for links.',
    }),
    defaultRoomVersion: option({
      key: 'default_room_version',
      type: choice(supportedRoomVersions),
      default: '12',
      about: 'The version of new rooms, where a client asks for none.',
    }),
  },
} as const
