// Goal: whatever other servers write, reading it gives a value or the fault that is declared, soon, and what was read is written the same.
// Method: random texts, damaged good ones, and long ones that make careless parsers slow; FUZZ_RUNS sets how many.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson, isJsonObject, parseJson, parseServerName, splitServerName, type JsonValue } from '@causeway/events'
import { WellKnown } from '@causeway/server/src/federation/discovery/well-known.ts'
import { formatXMatrix, parseXMatrix } from '@causeway/server/src/federation/signing/authorization-header.ts'
import type { OutboundResult } from '@causeway/server/src/http/outbound/outbound-client.ts'
import { realClock } from '@causeway/server/src/platform/clock.ts'
import fc from 'fast-check'
import { settings } from './settings.ts'

/** A good text with a few characters changed, or any text at all. */
function around(good: readonly string[]): fc.Arbitrary<string> {
  const damage = fc.record({ at: fc.nat(), cut: fc.nat({ max: 4 }), insert: fc.string({ unit: 'binary', maxLength: 4 }) })
  const damaged = fc.tuple(fc.constantFrom(...good), fc.array(damage, { maxLength: 4 })).map(([text, damages]) =>
    damages.reduce((now, { at, cut, insert }) => {
      const place = at % (now.length + 1)
      return now.slice(0, place) + insert + now.slice(place + cut)
    }, text),
  )
  return fc.oneof({ weight: 3, arbitrary: damaged }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) })
}

/** Texts on which parsers that go back and forth take for ever. */
const long = ['a', '.', ':', '-', '[', '"', '\\', ',', ' ', '\t', '{', '[{"a":', '0', 'a=', 'a.', '1:'].map((unit) => unit.repeat(60_000))

test('a server name is read as it is written, or not at all', () => {
  const names = ['example.org', 'matrix.example.org:8448', '1.2.3.4:80', '[::1]:8448', '[2001:db8::1]', 'a-b.c']
  fc.assert(
    fc.property(around(names), (text) => {
      const name = parseServerName(text)
      if (name === undefined) return
      const { host, port } = splitServerName(name)
      const written = text.startsWith('[') ? `[${host}]` : host
      assert.ok(text.startsWith(written))
      assert.equal(port, text === written ? undefined : Number(text.slice(written.length + 1)))
    }),
    settings,
  )
  for (const text of long) assert.equal(parseServerName(text), undefined)
})

test('an X-Matrix header is read, or not at all; what was read is written so that it is read the same', () => {
  const headers = [
    'X-Matrix origin=a.org,destination=b.org,key="ed25519:1",sig="c2ln"',
    'X-Matrix origin="a.org:80", destination="b.org" ,key="ed25519:a_1",sig="AAAA", other="x\\"y"',
    'x-matrix   ,,key=ed25519:1,sig=x,origin=a',
  ]
  fc.assert(
    fc.property(around(headers), (text) => {
      const read = parseXMatrix(text)
      if (read === undefined || /[^!-~]|["\\]/.test(`${read.sig}${read.destination ?? ''}`)) return
      assert.deepEqual(parseXMatrix(formatXMatrix(read)), { ...read, destination: read.destination ?? '' })
    }),
    settings,
  )
  for (const text of long) parseXMatrix(`X-Matrix ${text}`)
})

test('JSON is read or has a fault, and its canonical form is a fixed point', () => {
  const texts = [
    '{"a":[1,-2,3.5,1e3,null,true,"\\u00e9\\ud83d\\ude00"],"b":{"":{}}}',
    '[]',
    '"x"',
    '-0',
    '9007199254740993',
    '{"a":1,"a":2}',
  ]
  fc.assert(
    fc.property(around(texts), fc.boolean(), (text, asBytes) => {
      const result = parseJson(asBytes ? new TextEncoder().encode(text) : text)
      if (!result.ok) return assert.equal(typeof result.fault.rule, 'string')
      const canonical = canonicalJson(result.value)
      const again = parseJson(canonical)
      assert.ok(again.ok)
      assert.equal(canonicalJson(again.value), canonical)
    }),
    settings,
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseJson(bytes)),
    settings,
  )
  for (const text of long) assert.ok(!parseJson(text).ok || /^0+$/.test(text))
})

test('canonical JSON has its members in the order of their code points', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 12 }), (plain) => {
      const result = parseJson(JSON.stringify(plain))
      if (!result.ok || !isJsonObject(result.value)) return
      const keys = [...canonicalKeys(result.value)]
      const points = (key: string): number[] => [...key].map((character) => character.codePointAt(0) ?? 0)
      for (let at = 1; at < keys.length; at += 1) assert.ok(before(points(keys[at - 1] ?? ''), points(keys[at] ?? '')))
    }),
    settings,
  )
})

/** The members' names as they stand in the canonical form. */
function canonicalKeys(value: JsonValue): string[] {
  const again: unknown = JSON.parse(canonicalJson(value), (_key, inner: unknown) => inner)
  // Names that look like numbers come first in objects of the language: the text says the true order.
  const text = canonicalJson(value)
  const names = typeof again === 'object' && again !== null ? Object.keys(again) : []
  return names.sort((a, b) => placeOf(text, a) - placeOf(text, b))
}

function placeOf(text: string, name: string): number {
  let depth = 0
  const key = `${canonicalJson(name)}:`
  for (let at = 0; at < text.length; at += 1) {
    if (depth === 1 && text.startsWith(key, at) && (text[at - 1] === '{' || text[at - 1] === ',')) return at
    if (text[at] === '"') for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1
    if (text[at] === '{' || text[at] === '[') depth += 1
    if (text[at] === '}' || text[at] === ']') depth -= 1
  }
  throw new Error(`${name} is not in ${text}`)
}

function before(a: readonly number[], b: readonly number[]): boolean {
  for (const [at, point] of a.entries()) {
    const other = b[at]
    if (other === undefined) return false
    if (point !== other) return point < other
  }
  return a.length < b.length
}

test('a well-known file names a server or is ignored, whatever is in it and in its headers', async () => {
  const files = ['{"m.server":"matrix.example.org:443"}', '{"m.server":"[::1]"}', '{"m.server":1}', '{"m.server":"a:99999"}', '{}']
  const headers = ['max-age=3600', 'no-store', 'max-age="60", public', 'Thu, 01 Jan 2026 00:00:00 GMT', 'max-age=99999999999999999999']
  let answer: OutboundResult = { ok: false, fault: 'dns', why: 'nobody was asked' }
  const wellKnown = new WellKnown({ clock: realClock, outbound: { request: async () => answer } })
  let hosts = 0
  await fc.assert(
    fc.asyncProperty(
      around(files),
      around(headers),
      around(headers),
      fc.constantFrom(200, 404, 500, 302),
      async (text, control, expires, status) => {
        answer = { ok: true, status, headers: { 'cache-control': control, expires }, body: new TextEncoder().encode(text) }
        const name = await wellKnown.delegate(`host${hosts++}.example.org`)
        assert.ok(name === undefined || (status === 200 && parseServerName(name) === name))
      },
    ),
    settings,
  )
})
