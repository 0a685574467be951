import {
  canonicalJson,
  decodeBase64,
  encodeUtf8,
  parseJson,
  verifyBytes,
  type JsonValue,
  type KeyId,
  type ServerName,
} from '@causeway/events'
import { MatrixError } from '../../errors.ts'
import type { ServerCaller } from '../../http/caller.ts'
import type { SignedRequest } from '../../http/identify.ts'
import { xMatrixHeadersMax } from '../limits.ts'
import { parseXMatrix, type XMatrix } from './authorization-header.ts'
import { signedText } from './signed-text.ts'

/** The current keys of other servers. */
export interface CurrentKeys {
  /** The key, if it is loaded and current now. */
  currentKey(server: ServerName, keyId: KeyId): Uint8Array | undefined
  /** Load what can be had of these keys. Rejects if the database fails. */
  loadCurrent(server: ServerName, keyIds: readonly KeyId[]): Promise<void>
}

interface Ports {
  readonly serverName: ServerName
  readonly keys: CurrentKeys
  /** A server has shown that it is there. */
  readonly onVerified?: (server: ServerName) => void
}

/**
 * Tells which server sent a request, by its signature. It is what `identify.server` of the edge is made of.
 * Server-Server API, "Request Authentication".
 */
export class RequestVerifier {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** The server that signed, or M_UNAUTHORIZED; for a body that is no JSON, M_NOT_JSON or M_BAD_JSON. At once when its key is known. */
  verify(request: SignedRequest): ServerCaller | MatrixError | Promise<ServerCaller | MatrixError> {
    const signatures = this.#read(request.authorization)
    if (signatures instanceof MatrixError) return signatures
    const [first] = signatures
    if (this.#known(signatures).length > 0) return this.#check(request, first.origin, signatures)
    return this.#ports.keys
      .loadCurrent(
        first.origin,
        signatures.map(({ key }) => key),
      )
      .then(() => this.#check(request, first.origin, signatures))
  }

  #read(headers: readonly string[]): readonly [XMatrix, ...XMatrix[]] | MatrixError {
    if (headers.length > xMatrixHeadersMax) return unauthorized('too many Authorization headers')
    const parsed: XMatrix[] = []
    for (const header of headers) {
      const signature = parseXMatrix(header)
      if (signature === undefined) return unauthorized('the Authorization header is not valid X-Matrix')
      if (signature.destination !== undefined && signature.destination !== this.#ports.serverName) {
        return unauthorized('the request is for another server')
      }
      parsed.push(signature)
    }
    const [first, ...others] = parsed
    if (first === undefined) return unauthorized('the request is not signed')
    if (others.some(({ origin }) => origin !== first.origin)) return unauthorized('the request names several origins')
    if (first.origin === this.#ports.serverName) return unauthorized('the request claims to come from this server itself')
    return [first, ...others]
  }

  #known(signatures: readonly XMatrix[]): { readonly publicKey: Uint8Array; readonly sig: string }[] {
    return signatures.flatMap(({ origin, key, sig }) => {
      const publicKey = this.#ports.keys.currentKey(origin, key)
      return publicKey === undefined ? [] : [{ publicKey, sig }]
    })
  }

  #check(request: SignedRequest, origin: ServerName, signatures: readonly XMatrix[]): ServerCaller | MatrixError {
    const known = this.#known(signatures)
    if (known.length === 0) return unauthorized(`the key of ${origin} cannot be had`)
    const content = parseContent(request.bodyText)
    if (content instanceof MatrixError) return content
    for (const { publicKey, sig } of known) {
      const signature = decodeBase64(sig)
      if (signature === undefined || !this.#verifies(request, origin, publicKey, signature, content)) {
        return unauthorized('the signature of the request is wrong')
      }
    }
    this.#ports.onVerified?.(origin)
    return { kind: 'server', serverName: origin, content }
  }

  /**
   * Most servers send the body in the canonical form that they signed, so the text as it came is tried first: it was parsed
   * strictly, so if the signature fits these very bytes they are the canonical form of what was parsed.
   */
  #verifies(
    request: SignedRequest,
    origin: ServerName,
    publicKey: Uint8Array,
    signature: Uint8Array,
    content: JsonValue | undefined,
  ): boolean {
    const covers = (text: string | undefined): boolean => {
      const { method, uri } = request
      return verifyBytes(
        publicKey,
        signature,
        encodeUtf8(signedText({ method, uri, origin, destination: this.#ports.serverName, content: text })),
      )
    }
    if (covers(request.bodyText)) return true
    if (content === undefined) return false
    const canonical = canonicalJson(content)
    return canonical !== request.bodyText && covers(canonical)
  }
}

function parseContent(text: string | undefined): JsonValue | undefined | MatrixError {
  if (text === undefined) return undefined
  const parsed = parseJson(text)
  if (parsed.ok) return parsed.value
  const { rule, why } = parsed.fault
  return new MatrixError(rule === 'json.syntax' || rule === 'json.utf8' ? 'M_NOT_JSON' : 'M_BAD_JSON', `the body cannot be read: ${why}`)
}

function unauthorized(why: string): MatrixError {
  return new MatrixError('M_UNAUTHORIZED', why)
}
