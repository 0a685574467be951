import { matchesGlob, parseServerName, parseUserId, serverOf, splitServerName } from '@causeway/events'
import { inviteGlobCharsMax, inviteGlobsMax } from '../limits.ts'

/** What becomes of an invite: it is shown, it is taken in and never shown, or its sender is told that it is refused. */
export type InviteAction = 'allow' | 'ignore' | 'block'

/** Of whom somebody wants to be invited. */
export interface InviteRules {
  actionFor(inviter: string): InviteAction
}

/** The global account data that says it (Client-Server API, "Invite permission"), and its lists of people and servers (MSC4155). */
export const invitePermissionType = 'm.invite_permission_config'
export const inviteListsType = 'org.matrix.msc4155.invite_permission_config'

interface Globs {
  readonly action: InviteAction
  readonly globs: readonly string[]
}

const actions = [
  ['allow', 'allowed'],
  ['ignore', 'ignored'],
  ['block', 'blocked'],
] as const

/** Invites of everybody are wanted. */
export const allInvites: InviteRules = { actionFor: () => 'allow' }

/** The rules of `m.invite_permission_config`, whatever its content is: "a missing, invalid or unsupported value" wants all. */
export function permissionRules(content: unknown): InviteRules {
  return memberOf(content, 'default_action') === 'block' ? { actionFor: () => 'block' } : allInvites
}

/** The rules of the lists: of people before servers, and in each of them those that are allowed first. What is no list of texts counts as empty. */
export function listRules(content: unknown): InviteRules {
  const users = globsOf(content, 'users')
  const servers = globsOf(content, 'servers')
  if (users.length === 0 && servers.length === 0) return allInvites
  return {
    actionFor: (inviter) => firstMatch(users, [inviter]) ?? firstMatch(servers, namesOfServer(inviter)) ?? 'allow',
  }
}

/** Both together: who blocks all invites blocks those as well that a list would allow. */
export function bothRules(permission: InviteRules, lists: InviteRules): InviteRules {
  return {
    actionFor: (inviter) => (permission.actionFor(inviter) === 'block' ? 'block' : lists.actionFor(inviter)),
  }
}

function globsOf(content: unknown, what: 'users' | 'servers'): Globs[] {
  return actions.flatMap(([action, name]) => {
    const list = memberOf(content, `${name}_${what}`)
    if (!Array.isArray(list)) return []
    const globs = list.filter((glob) => typeof glob === 'string' && glob.length > 0 && glob.length <= inviteGlobCharsMax)
    return globs.length === 0 ? [] : [{ action, globs: globs.slice(0, inviteGlobsMax).map((glob: string) => glob.toLowerCase()) }]
  })
}

function firstMatch(lists: readonly Globs[], names: readonly string[]): InviteAction | undefined {
  return lists.find(({ globs }) => globs.some((glob) => names.some((name) => matchesGlob(glob, name.toLowerCase()))))?.action
}

/** As it stands, and without its port, which nobody thinks of who blocks a server. */
function namesOfServer(inviter: string): string[] {
  const userId = parseUserId(inviter)
  const server = userId === undefined ? undefined : parseServerName(serverOf(userId))
  return server === undefined ? [] : [server, splitServerName(server).host]
}

function memberOf(content: unknown, key: string): unknown {
  return typeof content === 'object' && content !== null ? Reflect.get(content, key) : undefined
}
