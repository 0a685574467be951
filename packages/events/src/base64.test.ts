// Goal: base64 as the appendices define it, tolerant of padding only.
// Method: the published vectors, a table of malformed texts, a round-trip property.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './base64.ts'

const vectors = [
  ['', ''],
  ['f', 'Zg'],
  ['fo', 'Zm8'],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg'],
  ['fooba', 'Zm9vYmE'],
  ['foobar', 'Zm9vYmFy'],
] as const

test('the vectors of the appendices, with and without padding', () => {
  for (const [text, encoded] of vectors) {
    assert.equal(encodeBase64(Buffer.from(text)), encoded)
    assert.deepEqual(decodeBase64(encoded), Buffer.from(text))
    assert.deepEqual(decodeBase64(encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=')), Buffer.from(text))
  }
})

test('the alphabets are told apart, and malformed texts refused', () => {
  const bytes = Uint8Array.of(0xfb, 0xff)
  assert.equal(encodeBase64(bytes), '+/8')
  assert.equal(encodeBase64Url(bytes), '-_8')
  assert.deepEqual(decodeBase64Url('-_8='), Buffer.from(bytes))
  for (const text of ['-_8', 'A', 'AAAAA', 'AA A', 'AA\n', '=', 'A===', 'A=A', 'é']) {
    const expected = text === '=' ? Buffer.alloc(0) : undefined
    assert.deepEqual(decodeBase64(text), expected, JSON.stringify(text))
  }
  assert.equal(decodeBase64Url('+/8'), undefined)
})

test('every byte string survives', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), Buffer.from(bytes))
      assert.deepEqual(decodeBase64Url(encodeBase64Url(bytes)), Buffer.from(bytes))
    }),
  )
})
