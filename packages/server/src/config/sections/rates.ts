import { option, type Option, type Parsed, type ValueType } from '../option.ts'
import { bad, good, onOff, textType } from '../types.ts'

/** How often something may happen: `burst` times at once, and `perSecond` times a second in the long run. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

const rate: ValueType<Rate> = textType('COUNT/s, BURST', parseRate, ({ perSecond, burst }) => `${perSecond}/s, ${burst}`)

function parseRate(raw: string): Parsed<Rate> {
  const match = /^(\d{1,6}(?:\.\d{1,6})?)\/s,\s*(\d{1,6})$/.exec(raw)
  const [perSecond, burst] = [Number(match?.[1]), Number(match?.[2])]
  if (!(perSecond > 0) || !(burst >= 1)) return bad('must be like 10/s, 50: so many a second, and so many at once')
  return good({ perSecond, burst })
}

function rateOption(name: string, standard: string, about: string): Option<Rate> {
  return option({ key: `rates.${name}`, type: rate, default: standard, about })
}

/**
 * The classes that an endpoint may name in `limit`. Each caller has a bucket of each: a user, a server, or else an address.
 */
const rates = {
  read: rateOption('read', '100/s, 500', 'Cheap questions.'),
  sync: rateOption('sync', '20/s, 200', '/sync and its likes.'),
  write: rateOption('write', '10/s, 100', 'Sending events, receipts, account data, keys.'),
  search: rateOption('search', '2/s, 20', 'Searches, directories, whatever looks at much.'),
  join: rateOption('join', '1/s, 30', 'Joining, knocking, inviting, leaving.'),
  create: rateOption('create', '0.2/s, 20', 'Making and upgrading rooms.'),
  login: rateOption('login', '0.2/s, 10', 'Logging in, and whatever else asks for a password.'),
  register: rateOption('register', '0.1/s, 10', 'Making accounts.'),
  media: rateOption('media', '10/s, 100', 'Uploads, downloads, previews.'),
  federation: rateOption('federation', '50/s, 500', 'Requests of another server.'),
  federation_join: rateOption('federation_join', '2/s, 50', 'Joins, knocks and invites of another server.'),
} as const

/** How often our users may be invited: counted in rooms, for each whom an invite is for. */
const inviteRates = {
  invitesOfPerson: rateOption('invites_of_person', '0.02/s, 30', 'Invites of one of our users by the same person.'),
  invitesOfServer: rateOption('invites_of_server', '0.05/s, 60', 'Invites of one of our users by people of the same other server.'),
  addressInvites: rateOption('address_invites', '0.05/s, 20', 'Invites of addresses, such as e-mail, by the same person of ours.'),
  invitesOfUser: rateOption('invites_of_user', '0.1/s, 200', 'Invites of one of our users by anybody.'),
} as const

/** A rate-limit class. */
export type RateClassName = keyof typeof rates

export const ratesSection = {
  title: 'Rate limits',
  about:
    'How often callers may call. A caller beyond its limit is told when to come back. Each of several processes counts the calls that come to it; invites are counted by all of them together.',
  options: {
    on: option({ key: 'rate_limits', type: onOff, default: 'on', about: 'Off only for tests and benchmarks.' }),
    ...rates,
    ...inviteRates,
  },
} as const
