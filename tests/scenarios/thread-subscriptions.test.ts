// Goal: who is subscribed to a thread is notified of it, their devices learn of it, and what clients do by themselves never undoes what
// their user decided (MSC4306, MSC4308).
// Method: plays in a simulated world, a crash included.
import assert from 'node:assert/strict'
import { at, objectAt, objectsAt } from '../../packages/testkit/src/client/json.ts'
import { scenario, type World } from '../../packages/testkit/src/scenario/scenario.ts'
import { SimRefused, type SimUser } from '../../packages/testkit/src/scenario/sim-user.ts'

type Json = Readonly<Record<string, unknown>>
const extension = 'io.element.msc4308.thread_subscriptions'
let transactions = 0

function subscription(room: string, root: string): string {
  return `/_matrix/client/unstable/io.element.msc4306/rooms/${encodeURIComponent(room)}/thread/${encodeURIComponent(root)}/subscription`
}

function reply(user: SimUser, room: string, root: string): Promise<string> {
  transactions += 1
  const content = { msgtype: 'm.text', body: 'reply', 'm.relates_to': { rel_type: 'm.thread', event_id: root } }
  return user.send(room, 'm.room.message', content, `s${transactions}`)
}

function refusedWith(status: number, code: string): (error: unknown) => boolean {
  return (error) => error instanceof SimRefused && error.status === status && error.code === code
}

/** What sliding sync tells of subscriptions, and where it goes on. */
async function slide(world: World, user: SimUser, pos = '', limit = 100): Promise<{ readonly pos: string; readonly told: Json }> {
  const query = pos === '' ? '' : `?pos=${encodeURIComponent(pos)}`
  const body = { extensions: { [extension]: { enabled: true, limit } } }
  const answer = await world.act(user.request('POST', `/_matrix/client/unstable/org.matrix.simplified_msc3575/sync${query}`, body))
  return { pos: String(answer['pos']), told: objectAt(answer, 'extensions', extension) }
}

async function unread(world: World, user: SimUser, room: string): Promise<unknown> {
  const answer = await world.act(user.request('GET', '/sync'))
  return at(objectAt(answer, 'rooms', 'join', room), 'unread_notifications', 'notification_count')
}

scenario('a thread notifies those who are subscribed to it', async (world) => {
  const a = await world.server('a')
  const [alice, bob, carol] = [await world.act(a.user('alice')), await world.act(a.user('bob')), await world.act(a.user('carol'))]
  const room = await world.act(alice.createRoom())
  for (const user of [bob, carol]) await world.act(user.join(room))
  const [root, other] = [await world.act(alice.say(room, 'root')), await world.act(alice.say(room, 'other'))]
  const first = await world.act(reply(alice, room, root))
  // Nobody has a client that knows of subscriptions: all are notified of everything.
  assert.equal(await unread(world, bob, room), 3)

  const path = subscription(room, root)
  await assert.rejects(world.act(bob.request('GET', path)), refusedWith(404, 'M_NOT_FOUND'))
  await world.act(bob.request('PUT', path, { automatic: first }))
  assert.deepEqual(await world.act(bob.request('GET', path)), { automatic: true })
  await world.act(reply(alice, room, root))
  await world.act(reply(alice, room, other))
  // What was unread before stays so; of what is new, only the thread that he is subscribed to counts.
  assert.equal(await unread(world, bob, room), 4)
  assert.equal(await unread(world, carol, room), 5)
  const kinds = objectAt(await world.act(bob.request('GET', '/pushrules/')), 'global')
  assert.deepEqual(
    objectsAt(kinds, 'postcontent').map((rule) => rule['enabled']),
    [true, true],
  )

  a.kill()
  await world.act(a.start())
  await world.act(reply(alice, room, root))
  assert.equal(await unread(world, bob, room), 5)
  await world.act(bob.request('DELETE', path))
  await world.act(reply(alice, room, root))
  assert.equal(await unread(world, bob, room), 5)
  assert.equal(await unread(world, carol, room), 7)
})

scenario('what a client does by itself never undoes what its user decided', async (world) => {
  const a = await world.server('a')
  const [alice, mallory] = [await world.act(a.user('alice')), await world.act(a.user('mallory'))]
  const room = await world.act(alice.createRoom({ preset: 'private_chat' }))
  const [root, other] = [await world.act(alice.say(room, 'root')), await world.act(alice.say(room, 'other'))]
  const [before, elsewhere] = [await world.act(reply(alice, room, root)), await world.act(reply(alice, room, other))]
  const path = subscription(room, root)
  const cases: readonly (readonly [why: string, user: SimUser, path: string, body: Json, status: number, code: string])[] = [
    ['the root itself', alice, path, { automatic: root }, 400, 'IO.ELEMENT.MSC4306.M_NOT_IN_THREAD'],
    ['another thread', alice, path, { automatic: elsewhere }, 400, 'IO.ELEMENT.MSC4306.M_NOT_IN_THREAD'],
    ['no such cause', alice, path, { automatic: '$none:a' }, 404, 'M_NOT_FOUND'],
    ['no event id', alice, path, { automatic: 'none' }, 400, 'M_INVALID_PARAM'],
    ['another type', alice, path, { automatic: 5 }, 400, 'M_BAD_JSON'],
    ['no such root', alice, subscription(room, '$none:a'), {}, 404, 'M_NOT_FOUND'],
    ['no such room', alice, subscription('!none:a', root), {}, 404, 'M_NOT_FOUND'],
    ['somebody outside', mallory, path, {}, 404, 'M_NOT_FOUND'],
  ]
  for (const [why, user, at, body, status, code] of cases) {
    await assert.rejects(world.act(user.request('PUT', at, body)), refusedWith(status, code), why)
  }
  await world.act(alice.request('DELETE', path))
  await world.act(alice.request('PUT', path, {}))
  await world.act(alice.request('PUT', path, { automatic: before }))
  assert.deepEqual(await world.act(alice.request('GET', path)), { automatic: false })
  await world.act(alice.request('DELETE', path))
  const conflict = refusedWith(409, 'IO.ELEMENT.MSC4306.M_CONFLICTING_UNSUBSCRIPTION')
  await assert.rejects(world.act(alice.request('PUT', path, { automatic: before })), conflict)
  const after = await world.act(reply(alice, room, root))
  await world.act(alice.request('PUT', path, { automatic: after }))
  assert.deepEqual(await world.act(alice.request('GET', path)), { automatic: true })
})

scenario('devices learn of subscriptions, and fetch what an answer had no room for', async (world) => {
  const a = await world.server('a')
  const alice = await world.act(a.user('alice'))
  const room = await world.act(alice.createRoom())
  const roots: string[] = []
  for (let n = 0; n < 5; n += 1) {
    const root = await world.act(alice.say(room, `root ${n}`))
    roots.push(root)
    await world.act(alice.request('PUT', subscription(room, root), {}))
  }
  const first = await slide(world, alice, '', 2)
  const threadsIn = (told: Json, name: string): string[] => Object.keys(objectAt(told, name, room)).sort()
  assert.deepEqual(threadsIn(first.told, 'subscribed'), roots.slice(3).sort())
  const more = '/_matrix/client/unstable/io.element.msc4308/thread_subscriptions?dir=b&limit=2&from='
  const second = await world.act(alice.request('GET', `${more}${encodeURIComponent(String(first.told['prev_batch']))}`))
  assert.deepEqual(threadsIn(second, 'subscribed'), roots.slice(1, 3).sort())
  const last = await world.act(alice.request('GET', `${more}${encodeURIComponent(String(second['end']))}`))
  assert.deepEqual([threadsIn(last, 'subscribed'), last['end']], [roots.slice(0, 1), undefined])

  const quiet = await slide(world, alice, first.pos)
  assert.deepEqual(quiet.told, {})
  await world.act(alice.request('DELETE', subscription(room, roots[0] ?? '')))
  const news = await slide(world, alice, quiet.pos)
  assert.deepEqual([threadsIn(news.told, 'unsubscribed'), news.told['subscribed']], [[roots[0]], undefined])
  const stamps = [objectAt(last, 'subscribed', room, roots[0] ?? ''), objectAt(news.told, 'unsubscribed', room, roots[0] ?? '')]
  assert.ok(Number(stamps[1]?.['bump_stamp']) > Number(stamps[0]?.['bump_stamp']))
  // The same stretch by itself; a `pos` says where it begins.
  const path = `/_matrix/client/unstable/io.element.msc4308/thread_subscriptions?dir=b&to=${encodeURIComponent(quiet.pos)}`
  assert.deepEqual(threadsIn(await world.act(alice.request('GET', path)), 'unsubscribed'), [roots[0]])
  for (const bad of ['?dir=f', '', '?dir=b&limit=0', '?dir=b&from=x', '?dir=b&to=p1_1_1_1']) {
    const status = (error: unknown): boolean => error instanceof SimRefused && error.status === 400
    await assert.rejects(
      world.act(alice.request('GET', `/_matrix/client/unstable/io.element.msc4308/thread_subscriptions${bad}`)),
      status,
      bad,
    )
  }
})
