// Goal: event ids, content hashes, canonical bytes and redacted forms are the ones that Synapse computes.
// Method: random events of every room version go to Synapse as a library; every answer must be ours, to the byte.
//
// Not part of `npm test`, for it needs Synapse from PyPI:
//   python3 -m venv .cache/synapse && .cache/synapse/bin/pip install matrix-synapse
//   SYNAPSE_PYTHON=.cache/synapse/bin/python node --test tests/differential/events.interop.ts
// SEED repeats a run, EVENTS is the number of events for each room version (2000).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createInterface } from 'node:readline'
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

const python = process.env['SYNAPSE_PYTHON']
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const eventsPerVersion = Number(process.env['EVENTS'] ?? 2000)

interface Opinion {
  readonly event_id: string
  readonly content_hash: string
  readonly canonical: string
  readonly redacted: string
}

/** Synapse's answers to events of one room version, in their order. */
async function ask(version: string, events: readonly string[]): Promise<string[]> {
  assert.ok(python !== undefined, 'SYNAPSE_PYTHON names a Python that has Synapse')
  const child = spawn(python, [new URL('synapse-opinion.py', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers: string[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => answers.push(line))
  child.stdin.end(events.map((event) => `${JSON.stringify({ version, event })}\n`).join(''))
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  assert.equal(code, 0)
  assert.equal(answers.length, events.length)
  return answers
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
    { skip: python === undefined && 'SYNAPSE_PYTHON is not set' },
    async () => {
      const generator = new EventGenerator(seed, version)
      const events = Array.from({ length: eventsPerVersion }, () => generator.next())
      const answers = await ask(version, events)
      for (const [index, text] of events.entries()) {
        const theirs: unknown = JSON.parse(answers[index] ?? '')
        assert.deepEqual(opinion(version, text), theirs, `SEED=${seed}, event ${index}: ${text}`)
      }
    },
  )
}
