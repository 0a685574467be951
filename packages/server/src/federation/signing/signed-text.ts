import { encodeBase64, encodeUtf8, type ServerName, type Signer } from '@causeway/events'
import { formatXMatrix } from './authorization-header.ts'

/** The parts of a request that its signature covers. */
export interface RequestParts {
  readonly method: string
  /** Path and query as sent. */
  readonly uri: string
  readonly origin: ServerName
  readonly destination: ServerName
  /** The body as canonical JSON; undefined when there is none. */
  readonly content: string | undefined
}

/** The canonical JSON that a request's signature covers, joined from what is canonical already. Server-Server API, "Request Authentication". */
export function signedText({ method, uri, origin, destination, content }: RequestParts): string {
  const rest = `"destination":${JSON.stringify(destination)},"method":${JSON.stringify(method)},"origin":${JSON.stringify(origin)},"uri":${JSON.stringify(uri)}}`
  return content === undefined ? `{${rest}` : `{"content":${content},${rest}`
}

/** The value of the `Authorization` header for a request of ours. `content` must be canonical JSON, and what goes out as the body. */
export function signRequest(parts: Omit<RequestParts, 'origin'>, signer: Signer): string {
  const origin = signer.serverName
  const sig = encodeBase64(signer.key.sign(encodeUtf8(signedText({ ...parts, origin }))))
  return formatXMatrix({ origin, destination: parts.destination, key: signer.key.keyId, sig })
}
