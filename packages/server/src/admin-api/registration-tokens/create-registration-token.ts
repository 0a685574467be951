import { Type } from '../../http/type.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { RegistrationTokens } from '../../users/accounts/registration-tokens.ts'

export const createRegistrationToken = endpoint({
  method: 'POST',
  path: '/_causeway/v1/registration-tokens',
  summary: 'Make a registration token; times are milliseconds since 1970.',
  auth: 'socket',
  limit: 'none',
  body: Type.Object({
    token: Type.Optional(Type.String()),
    uses_allowed: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    expires_at: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
  async handle({ body }, { registrationTokens }: { readonly registrationTokens: RegistrationTokens }) {
    const { token, uses_allowed: usesAllowed, expires_at: expiresAt } = body
    const made = await registrationTokens.create({
      ...(token === undefined ? {} : { token }),
      ...(usesAllowed === undefined ? {} : { usesAllowed }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    })
    return { token: made }
  },
})
