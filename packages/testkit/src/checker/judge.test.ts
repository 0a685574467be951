// Goal: the checker finds every kind of broken promise, by its rule, and has nothing to say about a server that kept them all.
// Method: a short history with acknowledged, refused and unknown operations and what a sound server says of it; then one
// planted mistake after the other.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientEvent, type ClientEvent } from '../client/client-event.ts'
import { judge } from './judge.ts'
import type { Entry } from './ledger.ts'
import { accountDataKey, type Observed, type ObservedRoom } from './observe.ts'
import { markerKey, type Operation, type Outcome } from './operation.ts'

const roomId = '!room'
const userId = '@one:x'

function content(marker: string): Record<string, unknown> {
  return { body: 'text', [markerKey]: marker }
}

const message = (marker: string): Operation => ({
  kind: 'send',
  roomId,
  type: 'm.room.message',
  txnId: marker,
  marker,
  content: content(marker),
})
const state = (marker: string): Operation => ({ kind: 'state', roomId, type: 's', stateKey: 'k', marker, content: content(marker) })
const data = (marker: string): Operation => ({ kind: 'account-data', roomId: undefined, type: 'd', marker })
const ack = (eventId?: string): Outcome => ({ kind: 'ack', eventId })
const fail: Outcome = { kind: 'fail', why: '403' }
const unknown: Outcome = { kind: 'unknown', why: 'reset' }

const history: readonly (readonly [Operation, Outcome | undefined])[] = [
  [message('m1'), ack('$m1')],
  [message('m2'), ack('$m2')],
  [message('m2'), ack('$m2')],
  [message('m3'), unknown],
  [message('m4'), undefined],
  [message('m5'), fail],
  [state('s1'), ack('$s1')],
  [state('s2'), unknown],
  [{ kind: 'redact', roomId, txnId: 'r1', marker: 'r1', eventId: '$m1' }, ack('$r1')],
  [{ kind: 'membership', roomId, membership: 'join' }, ack()],
  [{ kind: 'membership', roomId, membership: 'leave' }, unknown],
  [{ kind: 'membership', roomId, membership: 'join' }, ack()],
  [{ kind: 'receipt', roomId, eventId: '$m1' }, ack()],
  [{ kind: 'receipt', roomId, eventId: '$m2' }, ack()],
  [data('d1'), ack()],
  [data('d2'), unknown],
  [{ kind: 'logout', accessToken: 't' }, ack()],
]
const entries: readonly Entry[] = history.map(([operation, outcome], n) => ({
  n,
  userId,
  deviceId: 'D',
  operation,
  outcome,
  settledBefore: n + 1,
}))

function event(eventId: string, type: string, body: Record<string, unknown>, stateKey?: string): ClientEvent {
  const made = clientEvent({
    event_id: eventId,
    type,
    sender: userId,
    content: body,
    ...(stateKey === undefined ? {} : { state_key: stateKey }),
  })
  assert(made !== undefined)
  return made
}

const first = event('$create', 'm.room.create', {})
const m1 = event('$m1', 'm.room.message', {})
const m2 = event('$m2', 'm.room.message', content('m2'))
const m3 = event('$m3', 'm.room.message', content('m3'))
const s1 = event('$s1', 's', content('s1'), 'k')
const s2 = event('$s2', 's', content('s2'), 'k')
const r1 = event('$r1', 'm.room.redaction', { reason: 'r1' })
const joined = (eventId: string): ClientEvent => event(eventId, 'm.room.member', { membership: 'join' }, userId)
const left = event('$left', 'm.room.member', { membership: 'leave' }, userId)

interface Said {
  messages: ClientEvent[]
  synced: ClientEvent[]
  byId: Map<string, ClientEvent | undefined>
  state: ClientEvent[]
  receipt: string | undefined
  data: string | undefined
  alive: boolean
}

/** What a sound server says: m3 and the leave have happened, m4 and s2 have not. */
function sound(): Said {
  const events = [first, m1, m2, m3, s1, r1, joined('$j1'), left, joined('$j2')]
  return {
    messages: [...events],
    synced: events.slice(1),
    byId: new Map([
      ['$m1', m1],
      ['$m2', m2],
    ]),
    state: [first, s1, joined('$j2')],
    receipt: '$m2',
    data: 'd1',
    alive: false,
  }
}

function observed(said: Said): Observed {
  const room: ObservedRoom = {
    messages: said.messages,
    readers: [
      { events: said.synced, receipts: new Map(said.receipt === undefined ? [] : [[userId, said.receipt]]), accountData: new Map() },
    ],
    events: said.byId,
    state: said.state,
  }
  return {
    rooms: new Map([[roomId, room]]),
    accountData: new Map(said.data === undefined ? [] : [[accountDataKey(userId, undefined, 'd'), { [markerKey]: said.data }]]),
    liveTokens: new Map([['t', said.alive]]),
  }
}

function without(list: readonly ClientEvent[], eventId: string): ClientEvent[] {
  return list.filter((one) => one.eventId !== eventId)
}

const allowed: readonly (readonly [string, (said: Said) => void])[] = [
  ['everything as it was acknowledged', () => undefined],
  [
    'an unknown message is absent',
    (said) => void ([said.messages, said.synced] = [without(said.messages, '$m3'), without(said.synced, '$m3')]),
  ],
  [
    'an unknown state event is there',
    (said) => {
      said.messages.push(s2)
      said.synced.push(s2)
      said.state = [first, s2, joined('$j2')]
    },
  ],
  ['an unknown value of account data is there', (said) => void (said.data = 'd2')],
]

for (const [title, change] of allowed) {
  test(`kept promises: ${title}`, () => {
    const said = sound()
    change(said)
    assert.deepEqual(judge(entries, observed(said)), [])
  })
}

const mistakes: readonly (readonly [string, rule: string, (said: Said) => void])[] = [
  [
    'an acknowledged message is gone',
    'lost',
    (said) => void ([said.messages, said.synced] = [without(said.messages, '$m2'), without(said.synced, '$m2')]),
  ],
  ['a message is not told to a reader', 'lost', (said) => void (said.synced = without(said.synced, '$m2'))],
  ['somebody else’s event is not told to a reader', 'gap', (said) => void (said.synced = without(said.synced, '$m3'))],
  ['a message cannot be asked for', 'lost', (said) => void said.byId.set('$m2', undefined)],
  ['a message is there twice', 'repeated', (said) => void said.messages.push(m2)],
  ['a reader is told twice', 'repeated', (said) => void said.synced.push(m2)],
  ['a reader was told of what is not there', 'vanished', (said) => void (said.messages = without(said.messages, '$m3'))],
  ['one transaction made two events', 'duplicate', (said) => void said.messages.push(event('$m2b', 'm.room.message', content('m2')))],
  ['an unknown one made two events', 'duplicate', (said) => void said.messages.push(event('$m3b', 'm.room.message', content('m3')))],
  ['a refused message is there', 'refused-but-there', (said) => void said.messages.push(event('$m5', 'm.room.message', content('m5')))],
  ['an event that nobody sent', 'invented', (said) => void said.messages.push(event('$m9', 'm.room.message', content('m9')))],
  [
    'an unknown message is half there',
    'half',
    (said) => void (said.messages = said.messages.map((one) => (one === m3 ? event('$m3', 'm.room.message', { [markerKey]: 'm3' }) : one))),
  ],
  ['a message is empty', 'half', (said) => void said.byId.set('$m2', event('$m2', 'm.room.message', {}))],
  ['a redaction was forgotten', 'unredacted', (said) => void said.byId.set('$m1', event('$m1', 'm.room.message', content('m1')))],
  ['messages changed places', 'order', (said) => void (said.messages = [first, m2, m1, ...said.messages.slice(3)])],
  ['state fell back', 'state', (said) => void (said.state = [first, joined('$j2')])],
  ['a join is gone', 'membership', (said) => void (said.messages = without(said.messages, '$j1'))],
  ['a membership in the state is another', 'membership', (said) => void (said.state = [first, s1, left])],
  ['a receipt fell back', 'receipt', (said) => void (said.receipt = '$m1')],
  ['account data is gone', 'account-data', (said) => void (said.data = undefined)],
  ['account data is somebody else’s', 'account-data', (said) => void (said.data = 'd9')],
  ['an ended session lives', 'session', (said) => void (said.alive = true)],
]

for (const [title, rule, plant] of mistakes) {
  test(`broken promise: ${title}`, () => {
    const said = sound()
    plant(said)
    const rules = judge(entries, observed(said)).map((finding) => finding.split(':')[0])
    assert(rules.includes(rule), `found ${rules.join()}`)
  })
}

test('a repetition that is answered with another event is found', () => {
  const other: Entry = { n: 99, userId, deviceId: 'D', operation: message('m2'), outcome: ack('$m2b'), settledBefore: 100 }
  const said = sound()
  said.messages.push(event('$m2b', 'm.room.message', content('m2')))
  said.synced.push(event('$m2b', 'm.room.message', content('m2')))
  assert.match(judge([...entries, other], observed(said)).join(), /another-answer/)
})
