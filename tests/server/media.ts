import { request, type IncomingHttpHeaders } from 'node:http'
import type { MatrixClient } from '../../packages/testkit/src/client/matrix-client.ts'

/** What came back, as bytes. */
export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A request with a body of bytes, or one whose answer is a file; the path goes out exactly as given. */
export function send(
  client: MatrixClient,
  method: string,
  path: string,
  options: { readonly body?: Uint8Array; readonly headers?: Readonly<Record<string, string>>; readonly anonymous?: boolean } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(client.origin.url)
  const token = options.anonymous === true ? {} : { authorization: `Bearer ${client.accessToken}` }
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers: { ...token, ...options.headers }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

/** The JSON of an answer. */
export function json({ body }: RawAnswer): Record<string, unknown> {
  const value: unknown = JSON.parse(body.toString())
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Upload; gives `server/id`. */
export async function upload(
  client: MatrixClient,
  body: Uint8Array,
  options: { readonly type?: string; readonly name?: string } = {},
): Promise<string> {
  const query = options.name === undefined ? '' : `?filename=${encodeURIComponent(options.name)}`
  const headers = options.type === undefined ? {} : { 'content-type': options.type }
  const answer = await send(client, 'POST', `/_matrix/media/v3/upload${query}`, { body, headers })
  if (answer.status !== 200) throw new Error(`upload: ${answer.status} ${answer.body.toString()}`)
  return String(json(answer)['content_uri']).slice('mxc://'.length)
}

/** Download `server/id`. */
export function download(client: MatrixClient, media: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  return send(client, 'GET', `/_matrix/client/v1/media/download/${media}`, { headers })
}
