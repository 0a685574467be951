import type { AddressQuery } from '../../federation/identity/identity-servers.ts'
import { Type, type Static } from '../../http/type.ts'

/** What an invite of whoever has an address says. The token goes out in a header. */
export const addressFields = {
  id_server: Type.String({ maxLength: 255 }),
  id_access_token: Type.String({ maxLength: 1000, pattern: '^[!-~]+$' }),
  medium: Type.String({ maxLength: 50 }),
  address: Type.String({ minLength: 1, maxLength: 500 }),
}

/** An entry of `invite_3pid`. */
export const addressInvite = Type.Object(addressFields)

/** The same by our names. */
export function addressQuery(invite: Static<typeof addressInvite>): AddressQuery {
  return { idServer: invite.id_server, idAccessToken: invite.id_access_token, medium: invite.medium, address: invite.address }
}
