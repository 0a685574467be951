const BACKSLASH = 0x5c
const LETTER_U = 0x75
const hexGrammar = /^[0-9A-Fa-f]{4}$/

/**
 * The string that the inside of a JSON string stands for. Absent when an escape is unknown or cut short. Surrogates come out as they
 * were escaped, paired or not.
 */
export function unescapeJson(inside: string): string | undefined {
  let out = ''
  let from = 0
  for (let at = inside.indexOf('\\'); at !== -1; at = inside.indexOf('\\', from)) {
    out += inside.slice(from, at)
    const unit = inside.charCodeAt(at + 1)
    if (unit === LETTER_U) {
      const hex = inside.slice(at + 2, at + 6)
      if (!hexGrammar.test(hex)) return undefined
      out += String.fromCharCode(Number.parseInt(hex, 16))
      from = at + 6
    } else {
      const short = shortEscape(unit)
      if (short === undefined) return undefined
      out += short
      from = at + 2
    }
  }
  return out + inside.slice(from)
}

function shortEscape(unit: number): string | undefined {
  switch (unit) {
    case 0x22:
      return '"'
    case BACKSLASH:
      return '\\'
    case 0x2f:
      return '/'
    case 0x62:
      return '\b'
    case 0x66:
      return '\f'
    case 0x6e:
      return '\n'
    case 0x72:
      return '\r'
    case 0x74:
      return '\t'
    default:
      return undefined
  }
}
