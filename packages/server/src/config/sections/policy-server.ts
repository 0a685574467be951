import { join } from 'node:path'
import { option } from '../option.ts'
import { filePath, listOf, onOff, orOff, someText, wholeNumber } from '../types.ts'

export const policyServerSection = {
  title: 'Policy server',
  about:
    'Rooms can name a server that every event has to pass before others show it. This server can be one: for rooms that name it in ' +
    '`m.room.policy` and in which somebody of this server is joined. What it reads of encrypted messages is only who sent them, and how many.',
  options: {
    on: option({
      key: 'policy_server.enabled',
      type: onOff,
      default: 'off',
      about:
        'Is this server a policy server? The key that a room has to name is told at `/.well-known/matrix/policy_server`. Our rates of requests ' +
        'of other servers hold for it too.',
    }),
    keyFile: option({
      key: 'policy_server.key_file',
      type: filePath,
      default: ({ dataDir }) => join(dataDir, 'policy.key'),
      defaultText: 'policy.key in data_dir',
      about: 'The key with which it signs what passes; made at the first start. With another key, rooms have to name the server anew.',
    }),
    blockedServers: option({
      key: 'policy_server.blocked_servers',
      type: listOf(someText),
      default: '',
      about:
        'Events of people of these servers do not pass. `*` and `?` stand for any text and any character; without a port, any is meant.',
    }),
    blockedTexts: option({
      key: 'policy_server.blocked_texts',
      type: listOf(someText),
      default: '',
      about: 'Events with one of these texts anywhere in their content do not pass. Upper and lower case are the same.',
    }),
    mentionsMax: option({
      key: 'policy_server.mentions_max',
      type: orOff(wholeNumber(1, 1_000, 'people')),
      default: '20',
      about: 'Events that mention more people than this do not pass.',
    }),
    eventsPerMinute: option({
      key: 'policy_server.events_per_minute',
      type: orOff(wholeNumber(1, 10_000, 'events')),
      default: '60',
      about: 'What one person sends into one room beyond this does not pass.',
    }),
  },
} as const
