import { LRUCache } from 'lru-cache'
import { lazyMembersMax, lazySessionsMax } from './limits.ts'

/** Which member event of which user was sent, by room and key number. */
type Sent = Map<string, number>

interface Session {
  /** What the client is known to have. */
  known: Sent
  /** What the answer that ended with `token` added; known once the client comes back with that token. */
  offered: { readonly token: string; readonly sent: Sent } | undefined
}

/**
 * Which lazily loaded members each session has got already (Client-Server API, "Lazy-loading room members"). An answer
 * counts only when the client continues from its token: one that was lost is sent again whole.
 */
export class LazyMembers<Key extends string | number> {
  readonly #sessions = new LRUCache<Key, Session>({ max: lazySessionsMax })

  /** Begin an answer to a session (or a connection of sliding sync) that continues from `since`. */
  begin(sessionId: Key, since: string | undefined): LazyAnswer {
    let session = this.#sessions.get(sessionId)
    if (session === undefined || since === undefined) {
      session = { known: new Map(), offered: undefined }
      this.#sessions.set(sessionId, session)
    }
    const { offered } = session
    if (offered !== undefined && offered.token === since) {
      if (session.known.size + offered.sent.size > lazyMembersMax) session.known = new Map()
      for (const [key, event] of offered.sent) session.known.set(key, event)
      session.offered = undefined
    }
    return new LazyAnswer(session)
  }
}

/** The members of one answer. */
export class LazyAnswer {
  readonly #session: Session
  readonly #sent: Sent = new Map()

  constructor(session: Session) {
    this.#session = session
  }

  /** Does the client have this member event? */
  has(room: number, key: number, event: number): boolean {
    return this.#session.known.get(`${room} ${key}`) === event
  }

  add(room: number, key: number, event: number): void {
    this.#sent.set(`${room} ${key}`, event)
  }

  /** The answer is complete; the client continues from `token`. */
  finish(token: string): void {
    if (this.#sent.size > 0) this.#session.offered = { token, sent: this.#sent }
  }
}
