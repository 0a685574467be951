// Goal: chains, differences and conflicts are what their definitions say, also where the graph has holes or a knot.
// Method: graphs written as lists of edges.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventId } from '../auth/room.fixture.ts'
import type { EventId } from '../ids/ids.ts'
import { authChain, authDifference } from './auth-chain.ts'
import { conflictOf } from './conflict.ts'
import { stateTuple } from './state-tuple.ts'

type Graph = Record<string, string>

const ids = (names: string): EventId[] => names.split('').map((name) => eventId(`$${name}`))
const names = (found: Iterable<EventId>): string =>
  [...found]
    .map((id) => id.slice(1))
    .sort()
    .join('')
const edges = (graph: Graph) => (id: EventId) => {
  const targets = graph[id.slice(1)]
  return targets === undefined ? undefined : ids(targets)
}

const chains: [why: string, graph: Graph, from: string, chain: string][] = [
  ['nothing', {}, '', ''],
  ['without the event itself', { c: '', a: 'c', b: 'ac' }, 'b', 'ac'],
  ['one of the events rests on another', { c: '', a: 'c', b: 'ac' }, 'ab', 'ac'],
  ['a knot', { a: 'b', b: 'a' }, 'a', 'ab'],
]

for (const [why, graph, from, chain] of chains) {
  test(`auth chain: ${why}`, () => {
    const found = authChain(ids(from), edges(graph))
    assert.ok('chain' in found)
    assert.equal(names(found.chain), chain)
  })
}

test('auth chain: all missing events that can be known are named', () => {
  const found = authChain(ids('ab'), edges({ a: 'xy', b: 'yc', c: 'z' }))
  assert.ok('missing' in found)
  assert.equal(names(found.missing), 'xyz')
})

const differences: [why: string, graph: Graph, sets: string[], unconflicted: string, difference: string][] = [
  ['what only one rests on', { c: '', p: 'c', a: 'pc', b: 'c' }, ['a', 'b'], 'c', 'abp'],
  ['what both rest on', { c: '', p: 'c', a: 'pc', b: 'pc' }, ['a', 'b'], 'c', 'ab'],
  ['a state event that another state rests on', { c: '', a: 'c', b: 'ac' }, ['a', 'b'], 'c', 'b'],
  ['what an unconflicted event rests on', { c: '', p: 'c', u: 'p', a: 'p', b: 'c' }, ['a', 'b'], 'uc', 'ab'],
  ['an empty state', { c: '', a: 'c' }, ['a', ''], '', 'ac'],
  ['three states', { c: '', p: 'c', a: 'p', b: 'p', d: 'c' }, ['a', 'b', 'd'], 'c', 'abdp'],
]

for (const [why, graph, sets, unconflicted, expected] of differences) {
  test(`auth difference: ${why}`, () => {
    const found = authDifference(sets.map(ids), new Set(ids(unconflicted)), edges(graph))
    assert.ok('difference' in found)
    assert.equal(names(found.difference), expected)
  })
}

test('auth difference: missing events', () => {
  const found = authDifference([ids('a'), ids('b')], new Set(ids('u')), edges({ a: 'xu', b: 'y' }))
  assert.ok('missing' in found)
  assert.equal(names(found.missing), 'xy')
})

test('conflict: an entry is unconflicted when every state has it', () => {
  const tuple = (key: string) => stateTuple('t', key)
  const [one, two] = ids('12')
  assert.ok(one !== undefined && two !== undefined)
  const { sets, common } = conflictOf([
    new Map([
      [tuple('same'), one],
      [tuple('differs'), one],
      [tuple('lonely'), one],
    ]),
    new Map([
      [tuple('same'), one],
      [tuple('differs'), two],
    ]),
  ])
  assert.deepEqual([...common], [[tuple('same'), one]])
  assert.deepEqual(
    sets.map((set) => [...set]),
    [
      [
        [tuple('differs'), one],
        [tuple('lonely'), one],
      ],
      [[tuple('differs'), two]],
    ],
  )
})
