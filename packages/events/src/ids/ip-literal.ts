const group = /^[0-9A-Fa-f]{1,4}$/
const byte = /^[0-9]{1,3}$/

/** Is `text` an IPv4 address: four decimal numbers from 0 to 255? Spec: appendices, server name. */
export function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => byte.test(part) && Number(part) <= 255)
}

/** Is `text` an IPv6 address in one of the three forms of RFC 3513, section 2.2? A zone is not allowed. */
export function isIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const [before = '', after] = halves
  const head = groupCount(before, after === undefined)
  if (after === undefined) return head === 8
  const tail = groupCount(after, true)
  // `::` stands for at least one group of zeros.
  return head !== undefined && tail !== undefined && head + tail <= 7
}

/** How many 16-bit groups `text` is; an IPv4 address at the very end counts as two. Absent when it is not a list of groups. */
function groupCount(text: string, last: boolean): number | undefined {
  if (text === '') return 0
  const parts = text.split(':')
  let count = 0
  for (const [index, part] of parts.entries()) {
    if (group.test(part)) count += 1
    else if (last && index === parts.length - 1 && isIpv4(part)) count += 2
    else return undefined
  }
  return count
}
