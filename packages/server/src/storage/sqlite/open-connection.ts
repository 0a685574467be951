import { DatabaseSync } from 'node:sqlite'

/** Open a connection with the pragmas that hold for every connection of ours. */
export function openConnection(path: string, options: { readonly readOnly: boolean }): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: options.readOnly, timeout: 5000 })
  db.exec('PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0')
  return db
}

/** Prepare a new or existing file for writing: page size and incremental vacuum before the first table, WAL, full durability. */
export function openWriter(path: string): DatabaseSync {
  const db = openConnection(path, { readOnly: false })
  db.exec('PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL')
  // Checkpoints are made between groups by the writer itself (see writer-thread.ts), not inside a commit.
  db.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = ON')
  return db
}
