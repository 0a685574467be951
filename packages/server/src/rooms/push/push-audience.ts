import {
  dependsOnUser,
  evaluate,
  firstWordOf,
  localpartOf,
  namedUserIds,
  powerLevels,
  PushEvent,
  wordsOf,
  type CompiledRules,
  type EventId,
  type Pdu,
  type PushFacts,
  type PushOutcome,
  type UserDependence,
  type UserId,
} from '@causeway/events'
import { insertPushAction } from '../../storage/tables/push-actions.ts'
import type { Database } from '../../storage/database.ts'
import { limits } from '../../limits.ts'
import { loadEvents } from '../engine/load-room.ts'
import { addCounts } from '../engine/notification-counts.ts'
import type { PushAction, PushTally } from '../engine/push-tally.ts'
import type { RoomView } from '../engine/room-view.ts'
import { LoadedState } from '../engine/view-state.ts'

/** A user's rules, ready, and the number of the class of users with equal ones (never 0). */
export interface UserRules {
  readonly classId: number
  readonly rules: CompiledRules
}

/** Where the rules come from; `version` grows with every change of anybody's rules. */
export interface RulesSource {
  of(userId: UserId): Promise<UserRules>
  readonly version: number
}

/** What else counts beside the event itself. */
interface TallyContext {
  /** Of the event's thread, where a rule asks for them. */
  readonly subscribers?: ReadonlySet<string>
  /** Users who are counted in another class from this event on. */
  readonly moves?: readonly PushAction[]
}

interface AudienceMember {
  readonly classId: number
  readonly displayName: string | undefined
  /** The words by which they are found in a text. */
  readonly words: readonly string[]
}

interface RuleClass {
  readonly rules: CompiledRules
  readonly dependence: UserDependence
  readonly users: number
}

/**
 * Who of our users in a room has which push rules and which display name: what it takes to judge an event once per class
 * of users, and apart only for those whom it names.
 */
export class PushAudience {
  readonly #classes = new Map<number, RuleClass>()
  readonly #users = new Map<string, AudienceMember>()
  readonly #byFirstWord = new Map<string, Set<UserId>>()
  /** Users in none of the classes that the room counts: each is judged by itself and gets rows. */
  readonly #apart = new Map<string, CompiledRules>()
  /** The classes of all of them, with how many are in each. */
  readonly #inUse = new Map<number, number>()
  #asksForSubscriptions = false

  /** Read rules and names of some of our users, those who are joined; what was known of them is forgotten. Bound: our users in the room. */
  async read(db: Database, view: RoomView, source: RulesSource, userIds: readonly UserId[]): Promise<void> {
    for (const userId of userIds) this.#remove(userId)
    const members = [...new Set(userIds)].filter((userId) => view.localJoined.has(userId))
    const numbers = members.map((userId) => view.currentEvent('m.room.member', userId))
    const known = new Set(numbers.filter((number) => number !== 0))
    const events = new Map((await loadEvents(db, view, [...known])).map((event) => [event.event, event]))
    for (const [index, userId] of members.entries()) {
      const name = events.get(numbers[index] ?? 0)?.pdu.content['displayname']
      this.#add(userId, await source.of(userId), typeof name === 'string' ? name : undefined)
    }
  }

  #add(userId: UserId, { classId, rules }: UserRules, displayName: string | undefined): void {
    const known = this.#classes.get(classId)
    const dependence = known?.dependence ?? dependsOnUser(rules)
    this.#asksForSubscriptions ||= dependence.threadSubscription
    if (known !== undefined) this.#classes.set(classId, { ...known, users: known.users + 1 })
    else if (this.#classes.size < limits.pushClassesPerRoomMax) {
      this.#classes.set(classId, { rules, dependence, users: 1 })
    } else {
      this.#apart.set(userId, rules)
    }
    this.#inUse.set(classId, (this.#inUse.get(classId) ?? 0) + 1)
    const words: string[] = []
    for (const name of [displayName, dependence.localpart ? localpartOf(userId) : undefined]) {
      const word = name === undefined ? undefined : firstWordOf(name)
      if (word === undefined) continue
      words.push(word)
      const users = this.#byFirstWord.get(word)
      if (users === undefined) this.#byFirstWord.set(word, new Set([userId]))
      else users.add(userId)
    }
    this.#users.set(userId, { classId, displayName, words })
  }

  #remove(userId: UserId): void {
    const user = this.#users.get(userId)
    if (user === undefined) return
    this.#users.delete(userId)
    for (const word of user.words) {
      const users = this.#byFirstWord.get(word)
      users?.delete(userId)
      if (users?.size === 0) this.#byFirstWord.delete(word)
    }
    const others = (this.#inUse.get(user.classId) ?? 1) - 1
    if (others === 0) this.#inUse.delete(user.classId)
    else this.#inUse.set(user.classId, others)
    if (this.#apart.delete(userId)) return
    const ofClass = this.#classes.get(user.classId)
    if (ofClass === undefined) return
    if (ofClass.users === 1) this.#classes.delete(user.classId)
    else this.#classes.set(user.classId, { ...ofClass, users: ofClass.users - 1 })
  }

  /** Does anybody's rule ask who is subscribed to an event's thread? */
  get asksForSubscriptions(): boolean {
    return this.#asksForSubscriptions
  }

  /** The class that one of our users in the room is in. */
  classOf(userId: string): number | undefined {
    return this.#users.get(userId)?.classId
  }

  /** Whom the event, in a thread or in the main timeline, notifies. `view` is the room before the event's own state is taken in. */
  tally(view: RoomView, pdu: Pdu, thread: EventId | undefined, context: TallyContext = {}): PushTally {
    const { subscribers = nobody, moves = [] } = context
    const event = new PushEvent(pdu)
    // Most members of a class are not subscribed: those who are, are judged apart.
    const base: PushFacts = { ...facts(view, pdu), ...(thread === undefined ? {} : { threadSubscription: false }) }
    const classOutcomes = new Map<number, PushOutcome>()
    const named = new Set<string>()
    let byName = false
    for (const [classId, { rules, dependence }] of this.#classes) {
      classOutcomes.set(classId, evaluate(rules, event, base))
      for (const userId of namedUserIds(dependence, event)) named.add(userId)
      byName ||= dependence.displayName || dependence.localpart
    }
    const body = pdu.content['body']
    if (byName && typeof body === 'string' && this.#byFirstWord.size > 0) {
      for (const word of wordsOf(body)) for (const userId of this.#byFirstWord.get(word) ?? []) named.add(userId)
    }
    for (const userId of subscribers) named.add(userId)
    const actions: PushAction[] = []
    const judge = (userId: string): void => {
      const user = this.#users.get(userId)
      const rules = this.#apart.get(userId) ?? this.#classes.get(user?.classId ?? 0)?.rules
      if (user === undefined || rules === undefined || userId === pdu.sender) return
      const own = {
        ...base,
        userId,
        ...(user.displayName === undefined ? {} : { displayName: user.displayName }),
        ...(subscribers.has(userId) ? { threadSubscription: true } : {}),
      }
      const outcome = evaluate(rules, event, own)
      const counted = classOutcomes.get(user.classId)
      const notify = difference(outcome.notify, counted?.notify)
      const highlight = difference(outcome.highlight, counted?.highlight)
      if (notify !== 0 || highlight !== 0) actions.push(actionFor(userId, thread ?? '', notify, highlight))
    }
    for (const userId of named) if (this.#users.has(userId)) judge(userId)
    for (const userId of this.#apart.keys()) if (!named.has(userId)) judge(userId)
    const classesWith = (is: (outcome: PushOutcome) => boolean) =>
      [...classOutcomes].flatMap(([classId, outcome]) => (is(outcome) ? [classId] : []))
    const notified = classesWith((outcome) => outcome.notify)
    const highlighted = classesWith((outcome) => outcome.highlight)
    const counted = {
      notified,
      highlighted,
      rows: actions.length,
      inThread: thread !== undefined,
      moves: moves.length,
      classes: new Set(this.#inUse.keys()),
    }
    return { counts: addCounts(view.counts, counted), actions: [...actions, ...moves] }
  }
}

const nobody: ReadonlySet<string> = new Set()

/** 1 where the user gets what the class does not, -1 the other way round. */
function difference(own: boolean, ofClass: boolean | undefined): number {
  return (own ? 1 : 0) - (ofClass === true ? 1 : 0)
}

function actionFor(userId: string, thread: string, notify: number, highlight: number): PushAction {
  return { write: insertPushAction, values: (room, pos) => [room, userId, pos, thread, notify, highlight] }
}

function facts(view: RoomView, pdu: Pdu): PushFacts {
  const create = view.currentPdu('m.room.create', '')
  const levelsEvent = view.currentPdu('m.room.power_levels', '')
  const levels = powerLevels(new LoadedState([create, levelsEvent].filter((event) => event !== undefined)), view.rules)
  return {
    memberCount: view.joinedMembers,
    senderPower: levels.of(pdu.sender),
    notificationLevel: (key) => levels.notifications(key),
  }
}
