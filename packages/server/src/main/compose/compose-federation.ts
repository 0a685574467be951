import type { JsonObject, ServerName, Signer, SigningKey } from '@causeway/events'
import type { Config } from '../../config/config.ts'
import { Destinations } from '../../federation/client/destinations.ts'
import { FederationClient } from '../../federation/client/federation-client.ts'
import { Discovery } from '../../federation/discovery/discovery.ts'
import { KeyRing } from '../../federation/keys/key-ring.ts'
import { Notary } from '../../federation/keys/notary.ts'
import { PublishedKeys } from '../../federation/keys/published-keys.ts'
import { loadOrMakeOwnKeys, loadOrMakePolicyKey, type OwnKeys } from '../../federation/keys/signing-key-file.ts'
import { RequestVerifier } from '../../federation/signing/request-verifier.ts'
import { getServerKey } from '../../federation/wire/servers.ts'
import { AddressPolicy } from '../../http/outbound/address-policy.ts'
import { OutboundClient } from '../../http/outbound/outbound-client.ts'
import { readTextFile } from '../../platform/files.ts'
import type { Database } from '../../storage/database.ts'
import type { Platform } from '../application.ts'

/** How this server meets others: who it is, whom it trusts, and how it calls them. */
export interface Federation {
  readonly signer: Signer
  readonly destinations: Destinations
  readonly client: FederationClient
  readonly ring: KeyRing
  readonly published: PublishedKeys
  readonly verifier: RequestVerifier
  readonly notary: Notary
  readonly outbound: Pick<OutboundClient, 'request' | 'open'>
  /** What this server signs with as a policy server; absent where it is none. */
  readonly policyKey: SigningKey | undefined
}

/** The keys, and the parts that reach the network: replaced in simulation. */
export interface Transport {
  readonly ownKeys: OwnKeys
  readonly policyKey?: SigningKey | undefined
  readonly outbound: Pick<OutboundClient, 'request' | 'open'>
  readonly discovery: Pick<Discovery, 'target' | 'doubt'>
  /** Let go of all connections. */
  close(): Promise<void>
}

/** The real way to other servers. */
export async function openTransport(config: Config, platform: Platform): Promise<Transport> {
  const { allowedRanges, trustedCaFile } = config.federation
  const trustedCa = trustedCaFile === undefined ? undefined : await readTextFile(trustedCaFile)
  const { clock, names, random } = platform
  const outbound = new OutboundClient({ clock, names, policy: new AddressPolicy(allowedRanges), trustedCa })
  const ownKeys = await loadOrMakeOwnKeys(config.server.signingKeyFile, random)
  const discovery = new Discovery({ serverName: config.server.name, outbound, names, clock, random })
  const policyKey = config.policyServer.on ? await loadOrMakePolicyKey(config.policyServer.keyFile, random) : undefined
  return { ownKeys, policyKey, outbound, discovery, close: () => outbound.close() }
}

/** Keys, signatures, and the client for other servers. */
export function composeFederation(config: Config, platform: Platform, db: Database, { ownKeys, ...transport }: Transport): Federation {
  const { clock, log, random } = platform
  const serverName = config.server.name
  const signer: Signer = { serverName, key: ownKeys.signing }
  const destinations = new Destinations({ clock, random })
  const client = new FederationClient({ clock, signer, destinations, ...transport })
  const fetchKeys = async (server: ServerName): Promise<JsonObject | undefined> => {
    const answer = await client.call(server, getServerKey, { evenIfResting: true })
    return answer.ok ? answer.value : undefined
  }
  const ring = new KeyRing({ db, clock, log, serverName, ownKeys, fetchKeys })
  const published = new PublishedKeys({ serverName, keys: ownKeys, clock })
  return {
    signer,
    destinations,
    client,
    ring,
    published,
    outbound: transport.outbound,
    policyKey: transport.policyKey,
    notary: new Notary({ signer, ring, published, clock }),
    verifier: new RequestVerifier({ serverName, keys: ring, onVerified: (server) => destinations.heardFrom(server) }),
  }
}
