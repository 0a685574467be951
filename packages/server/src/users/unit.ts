import type { MatrixError } from '../errors.ts'
import { assert } from '../assert.ts'
import type { Announcement, Database, Rows, Step } from '../storage/database.ts'
import type { Query } from '../storage/sql.ts'

/** A step that knows what its refusal means to the caller. */
export interface GuardedStep extends Step {
  readonly refusal?: () => MatrixError
}

/** What one part of an action writes. */
export interface UnitParts {
  readonly rows?: readonly Rows[]
  readonly steps?: readonly GuardedStep[]
  readonly announcements?: readonly Announcement[]
}

/** A step that must find its row; `refusal` is thrown when it does not. */
export function mustFind(query: Query<unknown>, refusal: () => MatrixError): GuardedStep {
  return { query, expect: 1, refusal }
}

/** Steps that may find any number of rows. */
export function always(queries: readonly Query<unknown>[]): readonly Step[] {
  return queries.map((query) => ({ query }))
}

/**
 * Write the parts of an action as one unit, their steps in order. Resolves when it is durable; throws what the step that
 * refused says, and `CommitUnknown`.
 */
export async function commitParts(db: Database, ...parts: readonly UnitParts[]): Promise<void> {
  const steps = parts.flatMap((part) => part.steps ?? [])
  const outcome = await db.commit({
    rows: parts.flatMap((part) => part.rows ?? []),
    steps: steps.map(({ query, expect }) => (expect === undefined ? { query } : { query, expect })),
    announcements: parts.flatMap((part) => part.announcements ?? []),
  })
  if (outcome.committed) return
  const refusal = steps[outcome.refusedBy]?.refusal
  assert(refusal !== undefined, 'a step that can refuse says what that means')
  throw refusal()
}
