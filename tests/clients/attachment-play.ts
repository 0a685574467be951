import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import { MsgType, type MatrixClient } from 'matrix-js-sdk'
import type { EncryptedFile, RoomMessageEventContent } from 'matrix-js-sdk/lib/types.js'
import { objectAt, stringAt } from '../../packages/testkit/src/client/json.ts'
import { decryptedText, reads, timelineOf } from './devices.ts'
import { encryptedRoom, type Stage } from './stage.ts'
import { until } from './waiting.ts'

/** Bytes of the files. */
const FILE_BYTES = 300_000

/**
 * Each sends the other a file that only an event's key opens (Client-Server API, "Sending encrypted attachments"); it is fetched
 * through the receiver's own server.
 */
export async function attach(stage: Stage): Promise<void> {
  const [alice, bob] = await stage.pair()
  const roomId = await encryptedRoom(stage, alice, bob)
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const plain = randomBytes(FILE_BYTES)
    const name = `secret of ${from.getSafeUserId()}`
    await sendFile(from, roomId, name, plain)
    await until(to, () => reads(to, roomId, name), name)
    const event = timelineOf(to, roomId).find((each) => decryptedText(each) === name)
    assert(event !== undefined && event.getWireContent()['file'] === undefined, 'the key travels encrypted')
    assert.equal(hash('sha256', await fetchFile(to, objectAt(event.getContent()['file']))), hash('sha256', plain))
  }
}

async function sendFile(client: MatrixClient, roomId: string, name: string, plain: Buffer): Promise<void> {
  const key = randomBytes(32)
  // The upper half is chance, the lower half counts from zero.
  const iv = Buffer.concat([randomBytes(8), Buffer.alloc(8)])
  const cipher = createCipheriv('aes-256-ctr', key, iv)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  const { content_uri: url } = await client.uploadContent(sealed, { type: 'application/octet-stream', includeFilename: false })
  const file: EncryptedFile = {
    url,
    key: { kty: 'oct', key_ops: ['encrypt', 'decrypt'], alg: 'A256CTR', k: key.toString('base64url'), ext: true },
    iv: unpadded(iv),
    hashes: { sha256: unpadded(hash('sha256', sealed, 'buffer')) },
    v: 'v2',
  }
  const content: RoomMessageEventContent = { msgtype: MsgType.File, body: name, file, info: { size: plain.length } }
  await client.sendMessage(roomId, content)
}

async function fetchFile(client: MatrixClient, file: Record<string, unknown>): Promise<Buffer> {
  const url = client.mxcUrlToHttp(stringAt(file, 'url'), undefined, undefined, undefined, false, true, true)
  assert(url !== null)
  const answer = await fetch(url, { headers: { authorization: `Bearer ${client.getAccessToken()}` } })
  assert.equal(answer.status, 200)
  const sealed = Buffer.from(await answer.arrayBuffer())
  assert.equal(unpadded(hash('sha256', sealed, 'buffer')), stringAt(objectAt(file['hashes']), 'sha256'))
  const key = Buffer.from(stringAt(objectAt(file['key']), 'k'), 'base64url')
  const opened = createDecipheriv('aes-256-ctr', key, Buffer.from(stringAt(file, 'iv'), 'base64'))
  return Buffer.concat([opened.update(sealed), opened.final()])
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
