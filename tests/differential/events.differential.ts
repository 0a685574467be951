// Goal: event ids, content hashes, canonical bytes and redacted forms are the ones that Synapse computes.
// Method: random events of every room version go to Synapse as a library; every answer must be ours, to the byte.
//
// `npm run test:differential -- --help` tells how to choose the seed. EVENTS is the number of events for each room version.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import {
  canonicalJson,
  contentHash,
  isJsonObject,
  parseJson,
  parsePdu,
  redact,
  redactPdu,
  roomRules,
  supportedRoomVersions,
} from '@causeway/events'
import { EventGenerator } from './event-generator.ts'
import { SynapseLibrary, synapsePython } from './synapse-library.ts'

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const eventsPerVersion = Number(process.env['EVENTS'] ?? 2000)

interface Opinion {
  readonly event_id: string
  readonly content_hash: string
  readonly canonical: string
  readonly redacted: string
}

/** Our own answer about the same event. */
function opinion(version: string, text: string): Opinion {
  const rules = roomRules(version)
  const parsed = parseJson(text)
  assert.ok(rules !== undefined && parsed.ok && isJsonObject(parsed.value))
  const result = parsePdu(parsed.value, rules)
  assert.ok(result.ok, `${text}: ${result.ok ? '' : result.refusal.why}`)
  const redacted = redactPdu(result.pdu, rules)
  assert.equal(redacted.json, canonicalJson(redact(result.pdu.object, rules)))
  return {
    event_id: result.pdu.eventId,
    content_hash: contentHash(result.pdu.object),
    canonical: result.pdu.json,
    redacted: redacted.json,
  }
}

for (const version of supportedRoomVersions) {
  test(
    `version ${version}: ${eventsPerVersion} events, seed ${seed}`,
    { skip: synapsePython === undefined && 'SYNAPSE_PYTHON is not set' },
    async () => {
      const generator = new EventGenerator(seed, version)
      const events = Array.from({ length: eventsPerVersion }, () => generator.next())
      const synapse = new SynapseLibrary('synapse-events.py')
      const answers = await Promise.all(events.map((event) => synapse.ask({ version, event })))
      await synapse.end()
      for (const [index, text] of events.entries()) {
        const theirs: unknown = JSON.parse(answers[index] ?? '')
        assert.deepEqual(opinion(version, text), theirs, `SEED=${seed}, event ${index}: ${text}`)
      }
    },
  )
}
