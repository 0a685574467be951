import { createHmac } from 'node:crypto'
import { canonicalJson, fromPlain, isJsonObject, parseUserId, type UserId } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { jsonReply, type Reply } from '../../http/reply.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Database } from '../../storage/database.ts'
import {
  advanceUiaSession,
  findUiaSession,
  forgetUiaSessions,
  insertUiaSession,
  spendUiaSession,
  type UiaSessionRow,
} from '../../storage/tables/uia.ts'
import type { RegistrationTokens } from '../accounts/registration-tokens.ts'
import { uiaIdChars, uiaMs } from '../limits.ts'
import type { PasswordCheck } from '../passwords/password-check.ts'
import { always, commitParts, mustFind, type GuardedStep, type UnitParts } from '../unit.ts'
import { isComplete, nextStage, type Flow, type Stage, type StageProof } from './stage.ts'

/** A request for an operation that wants proof. */
export interface UiaRequest {
  /** Names the operation and what of its path matters: a proof for one is none for another. */
  readonly operation: string
  /** The request's body with its `auth`. */
  readonly body: { readonly auth?: unknown }
  /** Who calls; absent where no token is needed. A password must be theirs. */
  readonly userId: UserId | undefined
  readonly flows: readonly Flow[]
  /** Where the request came from. */
  readonly address: string
}

/** The proof is complete, or the answer says what is missing. */
export type UiaOutcome =
  | {
      readonly passed: true
      /** The caller, or else whose password it was. */
      readonly userId: UserId | undefined
      readonly registrationToken: string | undefined
      /** Belongs into the operation's unit: the proof is good once. */
      readonly spent: UnitParts
    }
  | { readonly passed: false; readonly reply: Reply }

interface Ports {
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly passwords: PasswordCheck
  readonly tokens: RegistrationTokens
  /** A key that all processes of the server share and that is not in the database: bodies hold passwords. */
  readonly bindingKey: Uint8Array
}

/** Ours have `uiaIdChars` characters; what else is shown never reaches the database. */
const idGrammar = /^[A-Za-z0-9]{1,64}$/

/** One authentication on its way. */
interface Progress {
  readonly id: string
  /** Absent: it is not stored. */
  readonly row: UiaSessionRow | undefined
  readonly stages: readonly string[]
  readonly proof: StageProof
}

/** User-interactive authentication (Client-Server API, section of that name). What is half done survives a restart. */
export class Uia {
  readonly #ports: Ports
  #forgetAt = 0

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Look at the request's `auth`. Throws M_BAD_JSON, M_LIMIT_EXCEEDED, and M_FORBIDDEN when the session was begun for
   * something else or the password is somebody else's.
   */
  async prove(request: UiaRequest): Promise<UiaOutcome> {
    const auth = readAuth(request.body.auth)
    const bodyHash = this.#hash(request.body)
    if (auth === undefined) return this.#challenge(request, this.#begin(), bodyHash)
    const found = typeof auth['session'] === 'string' ? await this.#find(request, auth['session'], bodyHash) : this.#begin()
    if (found === undefined) {
      return this.#challenge(request, this.#begin(), bodyHash, new MatrixError('M_UNAUTHORIZED', 'the session is unknown or has expired'))
    }
    const type = auth['type']
    // Without a type the client asks whether a stage was completed elsewhere; a stage that is completed is not tried again.
    if (type === undefined || found.stages.some((stage) => stage === type)) return this.#conclude(request, found, bodyHash, [])
    const stage = nextStage(request.flows, found.stages, type)
    if (stage === undefined) {
      return this.#challenge(request, found, bodyHash, new MatrixError('M_UNAUTHORIZED', 'this stage is not the next one of a flow'))
    }
    let completed: { readonly proof: StageProof; readonly steps: readonly GuardedStep[] }
    try {
      completed = await this.#complete(stage, auth, request)
    } catch (error) {
      const wrong =
        error instanceof MatrixError && (error.code === 'M_UNAUTHORIZED' || error.code === 'M_MISSING_PARAM' || error.code === 'M_BAD_JSON')
      if (wrong) return this.#challenge(request, found, bodyHash, new MatrixError('M_FORBIDDEN', error.message))
      throw error
    }
    const progress = { ...found, stages: [...found.stages, stage], proof: { ...found.proof, ...completed.proof } }
    return this.#conclude(request, progress, bodyHash, completed.steps)
  }

  #begin(): Progress {
    return { id: this.#ports.random.token(uiaIdChars), row: undefined, stages: [], proof: {} }
  }

  /** Throws M_FORBIDDEN when the session is for another operation, user or, once a stage is completed, body. */
  async #find(request: UiaRequest, id: string, bodyHash: string): Promise<Progress | undefined> {
    const { db, clock } = this.#ports
    const row = idGrammar.test(id) ? await findUiaSession(db, id, clock.now() - uiaMs) : undefined
    if (row === undefined) return undefined
    const stages = readStages(row.stages)
    // Clients begin with an empty body to learn the flows; nothing is proved by then.
    const sameBody = row.body_hash === bodyHash || stages.length === 0
    if (row.operation !== request.operation || (row.user_id ?? undefined) !== request.userId || !sameBody) {
      throw new MatrixError('M_FORBIDDEN', 'this authentication was begun for another request')
    }
    return { id, row, stages, proof: readProof(row.proof) }
  }

  async #complete(
    stage: Stage,
    auth: Record<string, unknown>,
    request: UiaRequest,
  ): Promise<{ proof: StageProof; steps: readonly GuardedStep[] }> {
    if (stage === 'm.login.dummy') return { proof: {}, steps: [] }
    if (stage === 'm.login.registration_token') {
      const registrationToken = textOf(auth, 'token')
      if (!(await this.#ports.tokens.isValid(registrationToken))) throw new MatrixError('M_UNAUTHORIZED', 'Invalid registration token')
      return { proof: { registrationToken }, steps: [] }
    }
    const { passwords } = this.#ports
    const user = userOf(auth) ?? request.userId
    if (user === undefined) throw new MatrixError('M_MISSING_PARAM', 'identifier is missing')
    if (request.userId !== undefined && passwords.localUser(user) !== request.userId) {
      throw new MatrixError('M_FORBIDDEN', 'this is not the account that makes the request')
    }
    const proven = await passwords.prove(user, textOf(auth, 'password'), request.address).catch((error: unknown) => {
      throw error instanceof MatrixError && error.code === 'M_FORBIDDEN' ? new MatrixError('M_UNAUTHORIZED', error.message) : error
    })
    return { proof: { userId: proven.userId }, steps: [proven.still] }
  }

  /** Either all is proved, or the answer says what is not. */
  async #conclude(request: UiaRequest, progress: Progress, bodyHash: string, steps: readonly GuardedStep[]): Promise<UiaOutcome> {
    if (!isComplete(request.flows, progress.stages)) return this.#challenge(request, progress, bodyHash)
    const { row, id, proof } = progress
    const spent = row === undefined ? steps : [mustFind(spendUiaSession(id), usedAlready), ...steps]
    const userId = request.userId ?? (proof.userId === undefined ? undefined : parseUserId(proof.userId))
    return { passed: true, userId, registrationToken: proof.registrationToken, spent: { steps: spent } }
  }

  /** Store how far it got, and say so. */
  async #challenge(request: UiaRequest, progress: Progress, bodyHash: string, error?: MatrixError): Promise<UiaOutcome> {
    const { id, row, proof } = progress
    const stages = JSON.stringify(progress.stages)
    const now = this.#ports.clock.now()
    if (row === undefined) {
      const values = [id, request.operation, bodyHash, request.userId ?? null, stages, JSON.stringify(proof), now]
      await commitParts(this.#ports.db, { steps: this.#forgetting(now), rows: [{ write: insertUiaSession, rows: [values] }] })
    } else if (row.stages !== stages || row.body_hash !== bodyHash) {
      const query = advanceUiaSession(id, row, { stages, proof: JSON.stringify(proof), bodyHash })
      await commitParts(this.#ports.db, { steps: [mustFind(query, usedAlready)] })
    }
    const body = {
      ...error?.toJSON(),
      ...(progress.stages.length === 0 ? {} : { completed: progress.stages }),
      flows: request.flows.map((flow) => ({ stages: flow })),
      params: {},
      session: id,
    }
    return { passed: false, reply: jsonReply(JSON.stringify(body), 401) }
  }

  /** Once a minute those that have expired go. */
  #forgetting(now: number): readonly GuardedStep[] {
    if (now < this.#forgetAt) return []
    this.#forgetAt = now + 60_000
    return always([forgetUiaSessions(now - uiaMs)])
  }

  #hash(body: object): string {
    const { auth: _, ...rest } = { auth: undefined, ...body }
    const plain = fromPlain(rest)
    if (plain === undefined) throw new MatrixError('M_BAD_JSON', 'the body has text that is no Unicode')
    return createHmac('sha256', this.#ports.bindingKey).update(canonicalJson(plain)).digest('base64url')
  }
}

function readAuth(auth: unknown): Record<string, unknown> | undefined {
  if (auth === undefined || auth === null) return undefined
  if (!isRecord(auth)) throw new MatrixError('M_BAD_JSON', 'auth must be an object')
  return auth
}

/** The user whose password is given: an identifier, or as old clients write it. */
function userOf(auth: Record<string, unknown>): string | undefined {
  const { identifier, user } = auth
  if (isRecord(identifier)) {
    if (identifier['type'] !== 'm.id.user') throw new MatrixError('M_FORBIDDEN', 'users are known by their user ids only')
    return textOf(identifier, 'user')
  }
  return typeof user === 'string' ? user : undefined
}

function textOf(object: Record<string, unknown>, name: string): string {
  const value = object[name]
  if (typeof value !== 'string') throw new MatrixError('M_BAD_JSON', `${name} must be a string`)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readStages(json: string): string[] {
  const stages: unknown = JSON.parse(json)
  return Array.isArray(stages) ? stages.filter((stage) => typeof stage === 'string') : []
}

function readProof(json: string): StageProof {
  const value = fromPlain(JSON.parse(json))
  if (!isJsonObject(value)) return {}
  const { userId, registrationToken } = value
  return { ...(typeof userId === 'string' ? { userId } : {}), ...(typeof registrationToken === 'string' ? { registrationToken } : {}) }
}

function usedAlready(): MatrixError {
  return new MatrixError('M_FORBIDDEN', 'this authentication was used already')
}
