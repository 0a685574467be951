import { canonicalJson, fitsUtf8, fromPlain, utf8Length } from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import { avatarUrlBytesMax, displayNameBytesMax, profileBytesMax, profileKeyBytesMax } from '../limits.ts'

/** Appendices, "Common Namespaced Identifier Grammar". */
const keyGrammar = /^[a-z][a-z0-9._-]*$/

/** The fields that member events repeat. */
export type MemberField = 'displayname' | 'avatar_url'

/** Is it a field that the user's member events repeat? */
export function isMemberField(field: string): field is MemberField {
  return field === 'displayname' || field === 'avatar_url'
}

/** Throws M_KEY_TOO_LARGE or M_INVALID_PARAM for what can't be the name of a field. */
export function checkProfileKey(field: string): void {
  if (utf8Length(field) > profileKeyBytesMax) {
    throw new MatrixError('M_KEY_TOO_LARGE', `a field's name has at most ${profileKeyBytesMax} bytes`)
  }
  if (!keyGrammar.test(field)) throw new MatrixError('M_INVALID_PARAM', "a field's name consists of a-z, 0-9, ., _ and -, a letter first")
}

/**
 * A field's value as it is stored, as canonical JSON; absent when the field is to be removed, which an empty name or
 * picture means. Throws M_INVALID_PARAM, M_BAD_JSON, M_PROFILE_TOO_LARGE.
 */
export function profileField(field: string, value: unknown): string | undefined {
  if (isMemberField(field) || field === 'm.tz') {
    if (typeof value !== 'string') throw new MatrixError('M_INVALID_PARAM', `${field} must be a string`)
    if (value === '' && field !== 'm.tz') return undefined
    if (!fitsUtf8(value, field === 'displayname' ? displayNameBytesMax : avatarUrlBytesMax)) {
      throw new MatrixError('M_INVALID_PARAM', `${field} is too long`)
    }
    if (field === 'avatar_url' && isElsewhere(value)) throw new MatrixError('M_INVALID_PARAM', 'avatar_url must be an mxc:// URI')
  }
  const plain = fromPlain(value)
  if (plain === undefined) throw new MatrixError('M_BAD_JSON', 'the value has text that is no Unicode, or is nested too deeply')
  const json = canonicalJson(plain)
  if (!fitsUtf8(json, profileBytesMax)) throw tooLarge()
  return json
}

/** A picture at another place would tell its owner who looks at it. What is no address at all harms nobody, and some clients store it. */
function isElsewhere(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(value) && !value.startsWith('mxc://')
}

/** The profile would be too large. */
export function tooLarge(): MatrixError {
  return new MatrixError('M_PROFILE_TOO_LARGE', `a profile has at most ${profileBytesMax} bytes`)
}
