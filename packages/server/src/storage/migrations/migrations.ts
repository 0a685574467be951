import { firstSchema } from './0001-first-schema.ts'
import type { Migration } from './migration.ts'

/** All steps, oldest first. Append only. */
export const migrations: readonly Migration[] = [firstSchema]
