// Goal: invites are let through, left unseen or refused as their receiver said, and whatever else the account data holds means nothing.
// Method: a table of contents and of those who invite.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bothRules, listRules, permissionRules, type InviteAction } from './invite-rules.ts'

const bob = '@bob:Matrix.example:8448'

const rows: readonly (readonly [why: string, permission: unknown, lists: unknown, action: InviteAction])[] = [
  ['nothing said', undefined, undefined, 'allow'],
  ['all blocked', { default_action: 'block' }, undefined, 'block'],
  ['another action', { default_action: 'ask' }, undefined, 'allow'],
  ['an action that is no text', { default_action: ['block'] }, undefined, 'allow'],
  ['contents that are none', 5, 'x', 'allow'],
  ['lists that are none', {}, { blocked_users: null, ignored_users: '@*:*', blocked_servers: { a: '*' } }, 'allow'],
  ['entries that are none', {}, { blocked_users: [5, null, '', 'x'.repeat(300), bob] }, 'block'],
  ['a person', {}, { blocked_users: [bob] }, 'block'],
  ['somebody else', {}, { blocked_users: ['@carol:matrix.example:8448'] }, 'allow'],
  ['a pattern of people', {}, { ignored_users: ['@b?b:*'] }, 'ignore'],
  ['a server without its port', {}, { blocked_servers: ['matrix.example'] }, 'block'],
  ['a server with it', {}, { ignored_servers: ['MATRIX.example:8448'] }, 'ignore'],
  ['a pattern of servers', {}, { blocked_servers: ['*.example'] }, 'block'],
  ['a part of a name', {}, { blocked_servers: ['matrix'] }, 'allow'],
  ['people go before servers', {}, { blocked_users: [bob], allowed_servers: ['*'] }, 'block'],
  ['and what is allowed first', {}, { blocked_users: ['*'], ignored_users: ['*'], allowed_users: [bob], blocked_servers: ['*'] }, 'allow'],
  ['then what is ignored', {}, { blocked_users: ['*'], ignored_users: [bob] }, 'ignore'],
  ['all blocked, whatever the lists say', { default_action: 'block' }, { allowed_users: ['*'] }, 'block'],
]

for (const [why, permission, lists, action] of rows) {
  test(`invites: ${why}: ${action}`, () => {
    assert.equal(bothRules(permissionRules(permission), listRules(lists)).actionFor(bob), action)
  })
}
