import { MatrixError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import {
  addRegistrationToken,
  deleteRegistrationToken,
  findRegistrationToken,
  listRegistrationTokens,
  useRegistrationToken,
  type RegistrationTokenRow,
} from '../../storage/tables/registration-tokens.ts'
import { registrationTokenCharsMax, registrationTokensMax } from '../limits.ts'
import { commitParts, mustFind, type UnitParts } from '../unit.ts'

/** Appendices, "Opaque Identifiers". */
const grammar = /^[0-9A-Za-z\-._~]+$/

/** Characters of a token that we choose. */
const chosenChars = 16

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  /** Those of the configuration: good for any number of accounts. */
  readonly configured: readonly string[]
}

/** What lets people make accounts where not everybody may: tokens of the configuration, and tokens with limits. */
export class RegistrationTokens {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Would the token do now? */
  async isValid(token: string): Promise<boolean> {
    const { db, clock, configured } = this.#ports
    if (configured.includes(token)) return true
    const row = isToken(token) ? await findRegistrationToken(db, token) : undefined
    if (row === undefined) return false
    return (row.uses_allowed === null || row.completed < row.uses_allowed) && (row.expires_at === null || row.expires_at > clock.now())
  }

  /** What counts a use, in the unit that makes the account; it may refuse with M_FORBIDDEN. */
  use(token: string): UnitParts {
    const { clock, configured } = this.#ports
    if (configured.includes(token)) return {}
    const spent = (): MatrixError => new MatrixError('M_FORBIDDEN', 'the registration token is used up')
    return { steps: [mustFind(useRegistrationToken(token, clock.now()), spent)] }
  }

  /** Those with limits, by name. */
  list(): Promise<RegistrationTokenRow[]> {
    return listRegistrationTokens(this.#ports.db, registrationTokensMax)
  }

  /** Make one; one is chosen if absent. `expiresAt` in wall-clock milliseconds. Throws M_INVALID_PARAM. */
  async create(wish: { readonly token?: string; readonly usesAllowed?: number; readonly expiresAt?: number }): Promise<string> {
    const { db, random } = this.#ports
    const token = wish.token ?? random.token(chosenChars)
    if (!isToken(token)) {
      throw new MatrixError('M_INVALID_PARAM', `a token has 1 to ${registrationTokenCharsMax} of A-Z, a-z, 0-9, -, ., _, ~`)
    }
    const taken = (): MatrixError => new MatrixError('M_INVALID_PARAM', 'there is such a token already')
    await commitParts(db, { steps: [mustFind(addRegistrationToken(token, wish.usesAllowed ?? null, wish.expiresAt ?? null), taken)] })
    return token
  }

  /** Throws M_NOT_FOUND. */
  async remove(token: string): Promise<void> {
    const unknown = (): MatrixError => new MatrixError('M_NOT_FOUND', 'there is no such token')
    if (!isToken(token)) throw unknown()
    await commitParts(this.#ports.db, { steps: [mustFind(deleteRegistrationToken(token), unknown)] })
  }
}

function isToken(token: string): boolean {
  return token.length <= registrationTokenCharsMax && grammar.test(token)
}
