import { isIP } from 'node:net'

/** Addresses by lower-case name, from a text in the format of /etc/hosts: an address, its names, `#` before a comment. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of names) {
      const addresses = hosts.get(name.toLowerCase()) ?? []
      addresses.push(address)
      hosts.set(name.toLowerCase(), addresses)
    }
  }
  return hosts
}
