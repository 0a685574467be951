import assert from 'node:assert/strict'
import {
  authEventKeys,
  authorize,
  buildEvent,
  checkAuthEvents,
  conflictOf,
  createEventId,
  eventReference,
  parseEventId,
  parseKeyId,
  parseRoomId,
  parseServerName,
  parseUserId,
  resolveState,
  roomRules,
  signingKeyFromSeed,
  stateTuple,
  type AuthState,
  type Conflict,
  type EventId,
  type Pdu,
  type ResolutionInput,
  type RoomId,
  type RoomRules,
  type StateMap,
  type StateTuple,
} from '@causeway/events'
import { SeededRandom } from './random.ts'
import { AttemptGenerator, json, people, type Attempt } from './room-drafts.ts'

const keyId = parseKeyId('ed25519:1')
const serverName = parseServerName('a')
assert.ok(keyId !== undefined && serverName !== undefined)
const signer = { serverName, key: signingKeyFromSeed(keyId, new Uint8Array(32).fill(1)) }

/** One way that the room went. */
interface Fork {
  readonly state: Map<StateTuple, EventId>
  tip: Pdu
}

/** A verdict of ours on an event, given these state events. */
export interface Judgement {
  readonly event: Pdu
  readonly state: readonly EventId[]
  readonly verdict: string
}

/** A resolution of ours. */
export interface Settlement {
  readonly states: readonly StateMap[]
  readonly resolved: StateMap
}

/**
 * A random room that forks, merges, and loses its memory now and then. Every attempt is judged by us; what we allow changes the room.
 * What the room remembers is to be asked of somebody else.
 */
export class RoomGenerator {
  readonly rules: RoomRules
  readonly events = new Map<EventId, Pdu>()
  readonly rejected = new Set<EventId>()
  readonly judgements: Judgement[] = []
  readonly lists: { readonly event: Pdu; readonly verdict: string }[] = []
  readonly settlements: Settlement[] = []
  readonly #random: SeededRandom
  readonly #attempts: AttemptGenerator
  readonly #create: Pdu
  readonly #roomId: RoomId
  /** Half of the rooms are resolved with an index of their events, the others without. */
  readonly #isIndexed: boolean
  #forks: Fork[]
  /** The room as it once was: what somebody who wants to turn back the clock builds on. */
  readonly #past: Fork[] = []

  constructor(seed: number, version: string) {
    const rules = roomRules(version)
    assert.ok(rules !== undefined)
    this.rules = rules
    this.#random = new SeededRandom(seed)
    this.#isIndexed = seed % 2 === 0
    const isFederated = !this.#random.chance(0.1)
    this.#attempts = new AttemptGenerator(this.#random, rules, isFederated)
    const founded = parseRoomId('!room:a')
    assert.ok(founded !== undefined)
    this.#roomId = founded
    this.#create = this.#build(this.#creation(isFederated), undefined, [], undefined)
    this.#roomId = this.#create.roomId
    this.#remember(this.#create, false)
    this.#forks = [{ state: new Map([[stateTuple('m.room.create', ''), this.#create.eventId]]), tip: this.#create }]
    this.#settle()
  }

  /** Lets the room live for some steps. */
  live(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const fork = this.#random.pick(this.#forks)
      this.#attempt(fork, this.#attempts.next(this.#eventIn(fork.state, 'm.room.power_levels')?.content))
      if (this.#random.chance(0.1) && this.#forks.length < 4) this.#forks.push({ state: new Map(fork.state), tip: fork.tip })
      if (this.#random.chance(0.04)) this.#forget(fork)
      if (this.#random.chance(0.08)) this.#past.push({ state: new Map(fork.state), tip: fork.tip })
      if (this.#random.chance(0.05)) this.#revive()
      if (this.#random.chance(0.1)) this.#merge()
    }
    this.#merge()
  }

  #creation(isFederated: boolean): Attempt {
    const creator = this.#random.chance(0.9) ? people[0] : people[1]
    const content = {
      room_version: this.rules.version,
      ...(this.rules.creatorIsSender ? {} : { creator }),
      ...(isFederated ? {} : { 'm.federate': this.#random.pick<unknown>([false, 'false']) }),
      ...(this.#random.chance(0.3) ? { additional_creators: [people[1]] } : {}),
    }
    return { type: 'm.room.create', sender: people[0], stateKey: '', content: json(content) }
  }

  /** The first events of any room, as servers send them. */
  #settle(): void {
    const [fork] = this.#forks
    assert.ok(fork !== undefined)
    const named = this.#create.content['creator']
    const creator = typeof named === 'string' ? named : people[0]
    const join = (user: string): Attempt => ({ type: 'm.room.member', sender: user, stateKey: user, content: json({ membership: 'join' }) })
    this.#attempt(fork, join(creator))
    const users = this.rules.creatorsOutrankAll ? { [people[2]]: 50 } : { [creator]: 100, [people[2]]: 50 }
    const levels = { type: 'm.room.power_levels', sender: creator, stateKey: '', content: json({ users }) }
    if (!this.#random.chance(0.1)) this.#attempt(fork, levels)
    this.#attempt(fork, { type: 'm.room.join_rules', sender: creator, stateKey: '', content: json({ join_rule: 'public' }) })
    for (const user of people.slice(1, 4)) this.#attempt(fork, join(user))
  }

  #attempt(fork: Fork, attempt: Attempt): void {
    const selected = this.#selection(fork.state, attempt)
    const event = this.#build(attempt, fork.tip, this.#tampered(selected), this.#redacted(attempt))
    if (this.events.has(event.eventId)) return
    const auth = event.authEvents.flatMap((eventId) => this.events.get(eventId) ?? [])
    const facts = { create: this.#create, isRejected: (eventId: EventId) => this.rejected.has(eventId) }
    const list = checkAuthEvents(event, auth, this.rules, facts)
    this.lists.push({ event, verdict: list.allowed ? 'allowed' : list.rule })
    const ownAuth = new Map(auth.map((each) => [stateTuple(each.type, each.stateKey ?? ''), each.eventId]))
    const byOwn = this.#judge(event, ownAuth)
    const byState = this.#judge(event, fork.state)
    const isAllowed = list.allowed && byOwn && byState
    this.#remember(event, !isAllowed)

    // A state may come from a server that let a rejected event in. What levels in strings then mean where they are forbidden is up to
    // each server (ADR 44).
    const isUndefined = this.rules.integerPowerLevels && event.type === 'm.room.power_levels'
    if (!isAllowed && (isUndefined || !this.#random.chance(0.03))) return
    fork.tip = event
    if (event.stateKey !== undefined) fork.state.set(stateTuple(event.type, event.stateKey), event.eventId)
  }

  #judge(event: Pdu, state: ReadonlyMap<StateTuple, EventId>): boolean {
    const keys = [['m.room.create', ''] as const, ...authEventKeys(event, this.rules)]
    const relevant = new Set(
      keys.map(([type, stateKey]) => this.#eventIn(state, type, stateKey)?.eventId).filter((eventId) => eventId !== undefined),
    )
    if (this.rules.roomIdIsCreateHash) relevant.add(this.#create.eventId)
    const view: AuthState = {
      get: (type, stateKey) =>
        this.#eventIn(state, type, stateKey) ?? (type === 'm.room.create' && this.rules.roomIdIsCreateHash ? this.#create : undefined),
    }
    const verdict = authorize(event, view, this.rules)
    this.judgements.push({ event, state: [...relevant], verdict: verdict.allowed ? 'allowed' : verdict.rule })
    return verdict.allowed
  }

  #selection(state: ReadonlyMap<StateTuple, EventId>, attempt: Attempt): readonly Pdu[] {
    const sender = parseUserId(attempt.sender)
    assert.ok(sender !== undefined)
    const keys = authEventKeys({ ...attempt, sender }, this.rules)
    return keys.map(([type, stateKey]) => this.#eventIn(state, type, stateKey)).filter((event) => event !== undefined)
  }

  /** Now and then a list of auth events lacks one, or has one too many, or an old one. */
  #tampered(selected: readonly Pdu[]): readonly Pdu[] {
    const random = this.#random
    if (!random.chance(0.06) || selected.length === 0) return selected
    if (random.chance(0.5)) return selected.toSpliced(random.below(selected.length), 1)
    const states = [...this.events.values()].filter((event) => event.stateKey !== undefined)
    const other = random.pick(states)
    if (random.chance(0.3)) return [...new Set([...selected, other])]
    return [...new Set(selected.map((event) => (event.type === other.type && event.stateKey === other.stateKey ? other : event)))]
  }

  #build(attempt: Attempt, tip: Pdu | undefined, auth: readonly Pdu[], redacts: EventId | undefined): Pdu {
    const random = this.#random
    const sender = parseUserId(attempt.sender)
    const given = parseEventId(`$${this.events.size}x${random.below(2 ** 30)}:${attempt.sender.split(':')[1] ?? ''}`)
    assert.ok(sender !== undefined && given !== undefined)
    const built = buildEvent(
      {
        type: attempt.type,
        stateKey: attempt.stateKey,
        content: attempt.content,
        sender,
        roomId: tip === undefined && this.rules.roomIdIsCreateHash ? undefined : this.#roomId,
        originServerTs: random.below(20),
        depth: tip === undefined ? 1 : tip.depth + 1 + (random.chance(0.2) ? random.below(4) : 0),
        prevEvents: tip === undefined ? [] : [eventReference(tip, this.rules)],
        authEvents: auth.map((event) => eventReference(event, this.rules)),
        redacts,
        eventId: this.rules.eventIds === 'given' ? given : undefined,
      },
      this.rules,
      signer,
    )
    assert.ok(built.ok, built.ok ? '' : built.refusal.why)
    return built.pdu
  }

  #redacted(attempt: Attempt): EventId | undefined {
    return attempt.redacts === true ? this.#random.pick([...this.events.keys()]) : undefined
  }

  #remember(event: Pdu, isRejected: boolean): void {
    this.events.set(event.eventId, event)
    if (isRejected) this.rejected.add(event.eventId)
  }

  #eventIn(state: ReadonlyMap<StateTuple, EventId>, type: string, stateKey = ''): Pdu | undefined {
    const eventId = state.get(stateTuple(type, stateKey))
    return eventId === undefined ? undefined : this.events.get(eventId)
  }

  /** A fork comes to hold an older event for some key, or none, as after a bad resolution somewhere. */
  #forget(fork: Fork): void {
    const state = new Map(fork.state)
    const keys = [...state.keys()].filter((tuple) => tuple !== stateTuple('m.room.create', ''))
    if (keys.length === 0) return
    const key = this.#random.pick(keys)
    const older = [...this.events.values()].filter(
      (event) => event.stateKey !== undefined && stateTuple(event.type, event.stateKey) === key && !this.rejected.has(event.eventId),
    )
    if (older.length === 0 || this.#random.chance(0.3)) state.delete(key)
    else state.set(key, this.#random.pick(older).eventId)
    if (this.#forks.length < 5) this.#forks.push({ state, tip: fork.tip })
  }

  /**
   * An old branch grows again, with power over the room as its first concern: the shape of the state resets of 2025, where replayed
   * power levels, join rules and bans of the past win over what came after them.
   */
  #revive(): void {
    if (this.#past.length === 0 || this.#forks.length >= 5) return
    const { state, tip } = this.#random.pick(this.#past)
    const fork: Fork = { state: new Map(state), tip }
    for (let step = 0; step < 4; step++) {
      this.#attempt(fork, this.#attempts.nextOfPower(this.#eventIn(fork.state, 'm.room.power_levels')?.content))
    }
    this.#forks.push(fork)
  }

  /** What a server knows of events that it keeps: in which order they came, and which took another's place. */
  #indexed(conflict: Conflict): Pick<ResolutionInput, 'order' | 'unconflicted'> {
    const numbers = new Map([...this.events.keys()].map((eventId, number) => [eventId, number]))
    const order = (eventId: EventId): number | undefined => numbers.get(eventId)
    const { unconflicted } = conflict
    return {
      order,
      unconflicted: {
        ...unconflicted,
        heirOf: (eventId) => {
          const event = this.events.get(eventId)
          return event?.stateKey === undefined ? undefined : unconflicted.get(stateTuple(event.type, event.stateKey))
        },
        events: (floor) => [...unconflicted.events(floor)].filter((eventId) => (order(eventId) ?? Infinity) >= floor),
      },
    }
  }

  #merge(): void {
    const [first, second, third, ...others] = this.#forks.toSorted(() => this.#random.next() - 0.5)
    if (first === undefined || second === undefined) return
    const merged = third !== undefined && this.#random.chance(0.4) ? [first, second, third] : [first, second]
    if (third !== undefined && merged.length === 2) others.push(third)
    const states = merged.map((fork) => new Map(fork.state))
    const conflict = conflictOf(states)
    const resolution = resolveState({
      ...conflict,
      ...(this.#isIndexed ? this.#indexed(conflict) : {}),
      rules: this.rules,
      event: (eventId) => this.events.get(eventId),
      isRejected: (eventId) => this.rejected.has(eventId),
    })
    assert.ok('resolved' in resolution)
    const resolved = new Map([...conflict.common, ...resolution.resolved])
    this.settlements.push({ states, resolved })
    this.#forks = [...others, { state: new Map(resolved), tip: first.tip }]
    assert.ok(createEventId(this.#roomId, this.rules) === undefined || this.#create.eventId === createEventId(this.#roomId, this.rules))
  }
}
