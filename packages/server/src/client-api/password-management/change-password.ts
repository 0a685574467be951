import { Type } from '../../http/type.ts'
import { assert } from '../../assert.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Accounts } from '../../users/accounts/accounts.ts'
import { passwordFlow } from '../../users/uia/stage.ts'
import type { Uia } from '../../users/uia/uia.ts'
import { nullable } from '../nullable.ts'

interface Services {
  readonly accounts: Accounts
  readonly uia: Uia
}

export const changePassword = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/account/password',
  also: ['/_matrix/client/r0/account/password'],
  summary: "Change an account's password.",
  auth: 'optional',
  limit: 'login',
  body: Type.Object({
    auth: Type.Optional(Type.Unknown()),
    new_password: Type.Optional(Type.String()),
    logout_devices: nullable(Type.Boolean()),
  }),
  async handle({ caller, body, address }, { accounts, uia }: Services) {
    const { new_password: password } = body
    if (password !== undefined) accounts.checkNewPassword(password)
    const proof = await uia.prove({ operation: 'changePassword', body, userId: caller?.userId, flows: passwordFlow, address })
    if (!proof.passed) return proof.reply
    assert(proof.userId !== undefined, 'a password proves whose it is')
    await accounts.setPassword(
      proof.userId,
      password ?? '',
      { deviceId: caller?.deviceId, all: body.logout_devices === false },
      proof.spent,
    )
    return {}
  },
})
