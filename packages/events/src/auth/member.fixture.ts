import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize } from './authorize.ts'
import { creator, foundedRoom, outcome, type EventDraft, type TestRoom } from './room.fixture.ts'

export const bob = '@bob:b'
export const carol = '@carol:c'

/** A membership event, the room that it comes into, and what becomes of it. */
export interface Case {
  readonly why: string
  readonly versions: readonly number[]
  readonly room?: (room: TestRoom) => void
  readonly event: EventDraft
  readonly verdict: string
}

export const all = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
export const from = (first: number): number[] => all.filter((version) => version >= first)
export const until = (last: number): number[] => all.filter((version) => version <= last)

export function membership(value: unknown, sender = bob, target = sender, content: Record<string, unknown> = {}): EventDraft {
  return { type: 'm.room.member', sender, stateKey: target, content: { membership: value, ...content } }
}

export const rule = (value: unknown) => (room: TestRoom) => void room.joinRule(value)
export const steps =
  (...parts: ((room: TestRoom) => void)[]) =>
  (room: TestRoom) =>
    parts.forEach((part) => part(room))
export const is = (user: string, value: string) => (room: TestRoom) => void room.member(user, value)
export const levels = (content: Record<string, unknown>) => (room: TestRoom) => {
  // From version 12 on the creator's level is beyond the list.
  const users = room.rules.creatorsOutrankAll ? {} : { [creator]: 100 }
  room.levels({ ...content, users: { ...users, ...Object(content['users']) } })
}
export const bobAt = (level: number, more: Record<string, unknown> = {}) => levels({ users: { [bob]: level }, ...more })

/** A test for each case, in all its versions. */
export function testCases(name: string, cases: readonly Case[]): void {
  for (const { why, versions, room, event, verdict } of cases) {
    test(`${name}: ${why} is ${verdict}`, () => {
      for (const version of versions) {
        const founded = foundedRoom(version)
        room?.(founded)
        assert.equal(outcome(authorize(founded.make(event), founded, founded.rules)), verdict, `version ${version}`)
      }
    })
  }
}
