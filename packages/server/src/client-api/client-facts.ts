import type { ServerName } from '@causeway/events'

/** What clients are told about this server, whoever they are. */
export interface ClientFacts {
  readonly serverName: ServerName
  /** Where clients reach this server from outside. */
  readonly publicBaseUrl: string | undefined
  readonly defaultRoomVersion: string
  /** Features that are in no version of the specification yet, or were not when clients learnt their names: only those that exist. */
  readonly unstableFeatures: Readonly<Record<string, boolean>>
}

/** The services of an operation that tells facts. */
export interface ClientFactsService {
  readonly clientFacts: ClientFacts
}
