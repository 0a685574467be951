import { MatrixError } from '../../errors.ts'
import type { Reply } from '../../http/reply.ts'
import type { SessionWish } from '../sessions/new-session.ts'
import type { Flow } from '../uia/stage.ts'
import type { Uia } from '../uia/uia.ts'
import type { UnitParts } from '../unit.ts'
import type { Accounts, MadeAccount } from './accounts.ts'
import type { RegistrationTokens } from './registration-tokens.ts'

/** Who may make an account: nobody, whoever has a token, anybody. */
export type RegistrationMode = 'closed' | 'token' | 'open'

/** What somebody who wants an account sends. */
export interface RegistrationRequest {
  readonly username: string | undefined
  readonly password: string | undefined
  /** Absent: the account is made without logging in. */
  readonly session: SessionWish | undefined
  /** The request's body with its `auth`. */
  readonly body: { readonly auth?: unknown }
  /** Where the request came from. */
  readonly address: string
}

interface Ports {
  readonly mode: RegistrationMode
  readonly accounts: Accounts
  readonly tokens: RegistrationTokens
  readonly uia: Uia
}

const flows: { readonly [mode in RegistrationMode]: readonly Flow[] } = {
  closed: [],
  token: [['m.login.registration_token']],
  open: [['m.login.dummy']],
}

/** Making an account from outside (Client-Server API, "Account registration"). */
export class Registration {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Throws M_FORBIDDEN when nobody may make an account. */
  checkOpen(): void {
    if (this.#ports.mode === 'closed') throw new MatrixError('M_FORBIDDEN', 'Registration is disabled')
  }

  /** Is the name free? Throws M_INVALID_USERNAME, M_USER_IN_USE. */
  async checkAvailable(username: string): Promise<void> {
    await this.#ports.accounts.checkAvailable(username)
  }

  /** Would the registration token do now? Throws M_FORBIDDEN when no token does. */
  async isTokenValid(token: string): Promise<boolean> {
    this.checkOpen()
    return this.#ports.tokens.isValid(token)
  }

  /**
   * Make the account, or say what is still to be proved.
   * Throws M_FORBIDDEN, M_INVALID_USERNAME, M_USER_IN_USE, M_WEAK_PASSWORD, M_MISSING_PARAM, M_INVALID_PARAM.
   */
  async register(request: RegistrationRequest): Promise<MadeAccount | Reply> {
    const { mode, accounts, tokens, uia } = this.#ports
    const { username, password, session, body, address } = request
    this.checkOpen()
    // "Homeservers MUST perform the relevant checks before performing User-Interactive Authentication".
    if (username !== undefined) await accounts.checkAvailable(username)
    if (password !== undefined) accounts.checkNewPassword(password)
    const proof = await uia.prove({ operation: 'register', body, userId: undefined, flows: flows[mode], address })
    if (!proof.passed) return proof.reply
    if (password === undefined) throw new MatrixError('M_MISSING_PARAM', 'password is missing')
    const use: UnitParts = proof.registrationToken === undefined ? {} : tokens.use(proof.registrationToken)
    const also = { steps: [...(proof.spent.steps ?? []), ...(use.steps ?? [])] }
    return accounts.create({ username, password, session }, also)
  }
}
