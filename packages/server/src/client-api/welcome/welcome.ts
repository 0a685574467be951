import { endpoint } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import type { ClientFactsService } from '../client-facts.ts'

const style =
  'body{font:1.1rem/1.6 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1rem;color:#222;background:#fff}' +
  'code{background:#eee;padding:.1em .3em;border-radius:.2em}@media(prefers-color-scheme:dark){body{color:#ddd;background:#111}code{background:#333}}'

/** Nothing on this page runs, loads, or is shown inside another. */
const headers = [
  'Content-Type',
  'text/html; charset=utf-8',
  'Content-Security-Policy',
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
]

/** The page that a person sees who opens the server's address in a browser. */
export const welcome = endpoint({
  method: 'GET',
  path: '/',
  summary: 'Tell a person with a browser what this is.',
  auth: 'none',
  limit: 'read',
  handle: (_request, { clientFacts }: ClientFactsService) =>
    new Reply(200, headers, page(clientFacts.serverName, clientFacts.publicBaseUrl)),
})

function page(serverName: string, url: string | undefined): string {
  const name = escape(serverName)
  const address = url === undefined ? 'the address of this page' : `<code>${escape(url)}</code>`
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${name}</title><style>${style}</style><h1>${name}</h1>` +
    `<p>This is a Matrix homeserver, run with Causeway. People here have addresses like <code>@name:${name}</code> and talk with ` +
    `everyone on every other Matrix server.</p>` +
    `<p>To use it, open a Matrix app, choose to sign in on another server, and give it ${address}.</p>` +
    `<p>Who runs this server makes the first account with <code>npx causeway user create NAME --admin</code>.</p></html>`
  )
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
