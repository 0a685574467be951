import { join } from 'node:path'
import { option, type Parsed, type ValueType } from '../option.ts'
import { bad, filePath, good, onOff, orOff, textType } from '../types.ts'

/** Where a listener listens. */
export type ListenerAddress =
  | { readonly scheme: 'http' | 'https'; readonly host: string; readonly port: number }
  | { readonly scheme: 'unix'; readonly path: string }

const listener: ValueType<ListenerAddress> = textType('http://ADDRESS:PORT, https://ADDRESS:PORT or unix:PATH', parseListener, (value) =>
  value.scheme === 'unix'
    ? `unix:${value.path}`
    : `${value.scheme}://${value.host.includes(':') ? `[${value.host}]` : value.host}:${value.port}`,
)

function parseListener(raw: string): Parsed<ListenerAddress> {
  if (raw.startsWith('unix:')) {
    const path = filePath.parse(raw.slice('unix:'.length))
    return path.ok ? good({ scheme: 'unix', path: path.value }) : path
  }
  const match = /^(https?):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+)):(\d{1,5})\/?$/.exec(raw)
  const [, scheme, six, host = six, port] = match ?? []
  if ((scheme !== 'http' && scheme !== 'https') || host === undefined || Number(port) > 65_535) {
    return bad('must be like http://127.0.0.1:8008, https://[::]:8448 or unix:PATH')
  }
  return good({ scheme, host, port: Number(port) })
}

export const listenersSection = {
  title: 'Listeners',
  about: 'Where the server listens. A listener with https shows the certificate of `tls.certificate_file`; port 0 takes any free port.',
  options: {
    client: option({
      key: 'listeners.client',
      type: orOff(listener),
      default: 'http://127.0.0.1:8008',
      about: 'For clients; also answers other servers, so that a proxy with one port is enough.',
    }),
    federation: option({
      key: 'listeners.federation',
      type: orOff(listener),
      default: 'https://127.0.0.1:8448',
      about: 'For other servers.',
    }),
    metrics: option({
      key: 'listeners.metrics',
      type: orOff(listener),
      default: 'off',
      about: 'Serves /metrics for Prometheus. It asks nobody for a password: keep it off the internet.',
    }),
    internal: option({
      key: 'listeners.internal',
      type: orOff(listener),
      default: 'off',
      about: 'For calls between several processes of this server, which share one PostgreSQL database.',
    }),
    tlsCertificateFile: option({
      key: 'tls.certificate_file',
      type: filePath,
      default: ({ dataDir }) => join(dataDir, 'tls.crt'),
      defaultText: 'tls.crt in data_dir',
      about: 'The certificate and its chain (PEM). When neither it nor its key is there, a self-signed one is made.',
    }),
    tlsKeyFile: option({
      key: 'tls.key_file',
      type: filePath,
      default: ({ dataDir }) => join(dataDir, 'tls.key'),
      defaultText: 'tls.key in data_dir',
      about: "The certificate's key (PEM).",
    }),
    trustProxy: option({
      key: 'trust_proxy',
      type: onOff,
      default: 'off',
      about:
        'Does a proxy of yours stand before every listener and write X-Forwarded-For? Then its last entry is the address that limits count.',
    }),
  },
} as const
