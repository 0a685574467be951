import type { ServerName } from '@causeway/events'
import type { Random } from '../platform/random.ts'
import { assert } from '../assert.ts'
import type { Database } from './database.ts'
import { DatabaseUnusable } from './database-unusable.ts'
import { In, sql } from './sql.ts'
import { insertNew } from './table-write.ts'

/** What a database knows about itself. */
export interface Facts {
  /** The name of the server whose data this is: for ever (decision record "The name is for ever"). */
  readonly serverName: ServerName
  /** Raised by a restore: sync tokens of another epoch are answered with a fresh start. */
  readonly storeEpoch: number
  /** What the processes of this server prove to each other that they belong together. Never leaves the server. */
  readonly clusterSecret: string
}

/** Bound: a row a fact. */
const addFact = insertNew({ name: 'facts.add', table: 'facts', key: ['name'], columns: { name: 'text', value: 'text' } })

/** `ed25519:version base64` of the key that this server signs with. */
const signingKeyFact = 'signing_key'

const names = ['server_name', 'store_epoch', 'cluster_secret']

/** Characters of the cluster's secret, 5.95 bits each: 256 bits. */
const secretLength = 43

/**
 * The facts of a database; a new one gets them here. Several processes may do it at once: the first one's hold.
 * Throws `DatabaseUnusable` if the database belongs to a server of another name.
 */
export async function claimFacts(db: Database, own: { readonly serverName: ServerName; readonly random: Random }): Promise<Facts> {
  let known = await readFacts(db)
  if (known.size < names.length) {
    const wished = [
      ['server_name', own.serverName],
      ['store_epoch', '1'],
      ['cluster_secret', own.random.token(secretLength)],
    ]
    await db.commit({ rows: [{ write: addFact, rows: wished }] })
    known = await readFacts(db)
  }
  const name = known.get('server_name')
  if (name !== own.serverName) {
    throw new DatabaseUnusable(
      `the database belongs to the server ${name}, and the configured server_name is ${own.serverName}: ` +
        `a server's name cannot change; set server_name to ${name}, or give this server a database of its own`,
    )
  }
  const clusterSecret = known.get('cluster_secret')
  const storeEpoch = Number(known.get('store_epoch'))
  assert(clusterSecret !== undefined && Number.isSafeInteger(storeEpoch), 'a database has all its facts')
  return { serverName: own.serverName, storeEpoch, clusterSecret }
}

/**
 * The signing key that this server signs with, as the database knows it: a key file that was lost, or that a second process
 * made for itself, would make the server a stranger to all others. `own`: the first signs; the rest are current or old keys
 * of the same file, which is how a key is changed. Throws `DatabaseUnusable`.
 */
export async function claimSigningKey(db: Database, own: readonly string[], path: string): Promise<void> {
  const [signing] = own
  assert(signing !== undefined, 'a server has a key')
  await db.commit({ rows: [{ write: addFact, rows: [[signingKeyFact, signing]] }] })
  const known = await db.first(sql<{ value: string }>('facts.signingKey')`SELECT value FROM facts WHERE name = ${signingKeyFact}`)
  if (known === undefined || known.value === signing) return
  if (!own.includes(known.value)) {
    throw new DatabaseUnusable(
      `the signing key in ${path} is not the one that this server has used (${known.value.split(' ')[0] ?? ''}): put that key file back; ` +
        'several processes of one server need the same signing_key_file. To change a key, keep the former one in the file as an "old" line',
    )
  }
  await db.commit({
    steps: [{ query: sql('facts.changeKey')`UPDATE facts SET value = ${signing} WHERE name = ${signingKeyFact}`, expect: 1 }],
  })
}

async function readFacts(db: Database): Promise<Map<string, string>> {
  const rows = await db.all(sql<{ name: string; value: string }>('facts.all')`SELECT name, value FROM facts WHERE name ${new In(names)}`)
  return new Map(rows.map(({ name, value }) => [name, value]))
}
