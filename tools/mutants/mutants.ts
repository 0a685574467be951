/** One mistake in the source: a text that is there exactly once, and what stands there instead. */
export interface Patch {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A mistake that a server might have, and that the simulation is to notice. */
export interface Mutant {
  readonly name: string
  /** The seed that noticed it last: it is played first. Others are looked for when it notices nothing any more. */
  readonly seed: number
  readonly patches: readonly Patch[]
}

const server = 'packages/server/src'

function mutant(name: string, seed: number, file: string, find: string, replace: string): Mutant {
  return { name, seed, patches: [{ file: `${server}/${file}`, find, replace }] }
}

/** Planted mistakes, one at a time. */
export const mutants: readonly Mutant[] = [
  mutant(
    'an event is acknowledged before it is committed',
    67,
    'rooms/commands/send-event.ts',
    '  await sent.committed\n  return sent.eventId',
    '  sent.committed?.catch(() => undefined)\n  return sent.eventId',
  ),
  mutant(
    'of several prev events one is skipped',
    16,
    'rooms/engine/local-event.ts',
    'tips: readonly Tip[] = view.tips.slice(-limits.prevEventsMax),',
    'tips: readonly Tip[] = view.tips.slice(-1),',
  ),
  mutant(
    'one EDU of a transaction is forgotten',
    5,
    'rooms/inbound/receive-transaction.ts',
    'for (const edu of withoutVoid(edus)) {',
    'for (const edu of withoutVoid(edus).slice(edus.length > 1 ? 1 : 0)) {',
  ),
  mutant('the row of an EDU that must arrive is not written', 1, 'federation/senders/edu-outbox.ts', '{ write: insertEdu, rows }]', ']'),
  {
    name: 'a repeated transaction has another id, and messages are not known by theirs',
    seed: 23,
    patches: [
      {
        file: `${server}/federation/senders/delivery.ts`,
        find: 'params: { txnId: transaction.id },',
        replace: 'params: { txnId: `${transaction.id}x${this.#count++}` },',
      },
      {
        file: `${server}/e2ee/to-device.ts`,
        find: '(await isReceived(db, origin, messageId)) !== undefined',
        replace: 'false',
      },
    ],
  },
  mutant('events are not measured against the current state', 1, 'rooms/inbound/judge.ts', 'if (!byCurrent.allowed)', 'if (false)'),
  mutant(
    'soft-failed events are shown',
    1,
    'rooms/engine/place-event.ts',
    'const accepted = placement.standing === standing.accepted\n',
    'const accepted = placement.standing === standing.accepted || placement.standing === standing.softFailed\n',
  ),
  mutant(
    'a rejected event is accepted',
    37,
    'rooms/inbound/judge.ts',
    'if (!verdict.allowed) return { standing: standing.rejected,',
    'if (!verdict.allowed) return { standing: standing.accepted,',
  ),
  {
    name: 'state resolution takes kicks and bans for ordinary events',
    seed: 5,
    patches: [
      {
        file: 'packages/events/src/auth/is-power-event.ts',
        find: "return event.stateKey !== undefined && (membership === 'leave' || membership === 'ban') && event.sender !== event.stateKey",
        replace: 'return false',
      },
    ],
  },
  {
    name: 'the back-off of a server that is well again is not reset',
    seed: 8,
    patches: [
      {
        file: `${server}/federation/client/destinations.ts`,
        find: '    this.#failing.delete(server)\n    this.#wake(server)',
        replace: '    this.#wake(server)',
      },
      {
        file: `${server}/federation/client/destinations.ts`,
        find: 'delivered(server: ServerName): void {\n    this.#failing.delete(server)',
        replace: 'delivered(server: ServerName): void {\n    void server',
      },
    ],
  },
  mutant(
    'catching up skips a room',
    11,
    'federation/senders/read-missed.ts',
    '    if (pdus.length >= max) break\n    missed.touched = false',
    '    missed.touched = false\n    if (pdus.length > 0) {\n      progress.push({ missed, fromPos: missed.fromPos, last: true })\n      continue\n    }',
  ),
  mutant(
    'who came to share a room is not told as a change of devices',
    13,
    'e2ee/device-list-stream.ts',
    "const names = row.membership === 'join' ? changed :",
    "const names = row.membership === 'join' ? undefined :",
  ),
  mutant(
    'a message to a device is deleted before the device has it',
    574,
    'e2ee/to-device-queues.ts',
    '    // What is in the batch is still there until the next request.',
    '    await this.#acknowledge(device, now)',
  ),
  mutant('signatures of events are not checked', 11, 'rooms/inbound/check-received.ts', 'if (!check.allowed)', 'if (false)'),
  mutant(
    'a one-time key stays after it was given away',
    10,
    'storage/tables/one-time-keys.ts',
    'DELETE FROM one_time_keys WHERE user_id = ${userId} AND device_id = ${deviceId} AND algorithm = ${algorithm} AND key_id IN (',
    'UPDATE one_time_keys SET seq = seq WHERE user_id = ${userId} AND device_id = ${deviceId} AND algorithm = ${algorithm} AND key_id IN (',
  ),
  mutant(
    'what was received before a crash is not worked off after it',
    24,
    'rooms/inbound/inbox.ts',
    'if (waiting !== undefined) this.enqueue(view.roomId, [waiting])',
    'if (waiting === undefined) this.enqueue(view.roomId, [])',
  ),
  mutant(
    'what was not sent before a crash is not sent after it',
    77,
    'federation/senders/resumption.ts',
    '    await this.#replay(slot, (await senderPosition(db, slot)) ?? 0)\n',
    '',
  ),
  mutant(
    'a repeated request of a client is done again',
    18,
    'rooms/commands/send-event.ts',
    'if (earlier !== undefined) return',
    'if (false) return',
  ),
  mutant(
    'who leaves is counted as there',
    3,
    'rooms/engine/move-members.ts',
    'const left = (view.servers.get(server) ?? 1) - 1',
    'const left = view.servers.get(server) ?? 1',
  ),
  mutant(
    'a server that is shut out is heard through others',
    20,
    'rooms/inbound/judge.ts',
    'if (!(await serverAllowed(ports.db, view, serverOf(pdu.sender))))',
    'if (false)',
  ),
]
