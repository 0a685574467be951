import { cacheSection } from './sections/cache.ts'
import { federationSection } from './sections/federation.ts'
import { listenersSection } from './sections/listeners.ts'
import { logSection } from './sections/log.ts'
import { mediaSection } from './sections/media.ts'
import { policyServerSection } from './sections/policy-server.ts'
import { ratesSection } from './sections/rates.ts'
import { registrationSection } from './sections/registration.ts'
import { serverSection } from './sections/server.ts'
import type { ValuesOf } from './option.ts'

/** All sections, in the order of the manual. */
export const sections = {
  server: serverSection,
  registration: registrationSection,
  listeners: listenersSection,
  federation: federationSection,
  policyServer: policyServerSection,
  media: mediaSection,
  rates: ratesSection,
  log: logSection,
  cache: cacheSection,
} as const

/** What the operator set, and defaults for the rest: parsed, checked, frozen. */
export type Config = { readonly [Name in keyof typeof sections]: ValuesOf<(typeof sections)[Name]> }
