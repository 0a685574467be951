import type { IncomingMessage } from 'node:http'

const mappedPrefix = '::ffff:'

/**
 * Where a request came from. X-Forwarded-For counts only behind a proxy that the operator trusts, and then only its last
 * entry: the proxy wrote that one, whatever stands before it came from the client.
 */
export function addressOf(request: IncomingMessage, trustProxy: boolean): string {
  if (trustProxy) {
    const header = request.headers['x-forwarded-for']
    const list = Array.isArray(header) ? header.join(',') : header
    const last = list?.slice(list.lastIndexOf(',') + 1).trim()
    if (last !== undefined && last !== '' && last.length <= 45) return plain(last)
  }
  return plain(request.socket.remoteAddress ?? '')
}

function plain(address: string): string {
  return address.startsWith(mappedPrefix) && address.includes('.') ? address.slice(mappedPrefix.length) : address
}

/** What limits are kept by: an IPv4 address, or an IPv6 network of 64 bits, since one customer has all addresses of one. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::', 2)
  const groups = head === '' ? [] : head.split(':')
  const tailGroups = tail === undefined || tail === '' ? 0 : tail.split(':').length
  if (tail !== undefined) while (groups.length < 8 - tailGroups) groups.push('0')
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')}::/64`
}
