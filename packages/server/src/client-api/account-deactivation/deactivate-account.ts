import { Type } from '../../http/type.ts'
import { assert } from '../../assert.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Deactivation } from '../../users/accounts/deactivate.ts'
import { passwordFlow } from '../../users/uia/stage.ts'
import type { Uia } from '../../users/uia/uia.ts'
import { nullable } from '../nullable.ts'

interface Services {
  readonly deactivation: Deactivation
  readonly uia: Uia
}

export const deactivateAccount = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/account/deactivate',
  also: ['/_matrix/client/r0/account/deactivate'],
  summary: 'End an account for ever.',
  auth: 'optional',
  limit: 'login',
  body: Type.Object({ auth: Type.Optional(Type.Unknown()), erase: nullable(Type.Boolean()) }),
  async handle({ caller, body, address }, { deactivation, uia }: Services) {
    const proof = await uia.prove({ operation: 'deactivateAccount', body, userId: caller?.userId, flows: passwordFlow, address })
    if (!proof.passed) return proof.reply
    assert(proof.userId !== undefined, 'a password proves whose it is')
    await deactivation.deactivate(proof.userId, body.erase === true, proof.spent)
    // Accounts here have no third-party identifiers that could be bound anywhere.
    return { id_server_unbind_result: 'success' }
  },
})
