/**
 * One step of the schema. Short and additive: version N-1 of the server runs on N's schema; data moves in background jobs.
 * Statements are written for SQLite; for PostgreSQL `blob`, `integer` and `WITHOUT ROWID` are translated.
 */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly statements: readonly string[]
  /** Further statements for PostgreSQL alone. */
  readonly postgresql?: readonly string[]
}

/** The statements of a migration for PostgreSQL. */
export function forPostgresql(migration: Migration): readonly string[] {
  const translated = migration.statements.map((statement) =>
    statement
      .replaceAll(/\bblob\b/g, 'bytea')
      .replaceAll(/\binteger\b/g, 'bigint')
      .replaceAll(/\) WITHOUT ROWID/g, ')'),
  )
  return [...translated, ...(migration.postgresql ?? [])]
}
