/** A host and port to connect to; the host is a DNS name, or an IP address without brackets. */
export interface OutboundAddress {
  readonly host: string
  readonly port: number
}

/** Whom a request is for. Where it connects and whose certificate it demands are two things. */
export interface OutboundTarget {
  readonly scheme: 'https' | 'http'
  /** Tried in this order. */
  readonly addresses: readonly OutboundAddress[]
  /** The DNS name or IP address that the certificate must be valid for; a name is sent as SNI. */
  readonly certificateName: string
  readonly hostHeader: string
  /** On this machine only: then no certificate is asked for, and the ranges of the operator do not matter. */
  readonly onlyLoopback?: boolean
}

/** The target of a URL with the scheme http or https. Absent for any other, and for one with a user name in it. */
export function targetOfUrl(url: URL): OutboundTarget | undefined {
  const scheme = url.protocol === 'https:' ? 'https' : url.protocol === 'http:' ? 'http' : undefined
  if (scheme === undefined || url.username !== '' || url.password !== '' || url.hostname === '') return undefined
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port)
  return { scheme, addresses: [{ host, port }], certificateName: host, hostHeader: url.host }
}

/** Requests with the same key may share connections. */
export function targetKey(target: OutboundTarget): string {
  return `${target.scheme} ${target.hostHeader} ${target.certificateName} ${target.onlyLoopback === true ? 'loopback' : ''}`
}
