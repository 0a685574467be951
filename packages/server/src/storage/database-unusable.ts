/** The database is in use by somebody else, or is not one that this server can open. The message tells what to do. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable'
}
