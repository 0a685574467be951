import type { UserRow } from '../../storage/tables/users.ts'

/** An account as the operator sees it. */
export function userJson({ user_id, created_at, admin, deactivated, locked, suspended }: UserRow): object {
  return {
    user_id,
    created_at,
    admin: admin === 1,
    deactivated: deactivated === 1,
    locked: locked === 1,
    suspended: suspended === 1,
  }
}
