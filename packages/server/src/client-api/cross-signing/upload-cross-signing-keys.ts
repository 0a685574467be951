import { endpoint } from '../../http/endpoint.ts'
import { Type } from '../../http/type.ts'
import type { CrossSigning } from '../../e2ee/cross-signing.ts'
import { passwordFlow } from '../../users/uia/stage.ts'
import type { Uia } from '../../users/uia/uia.ts'

interface Services {
  readonly crossSigning: CrossSigning
  readonly uia: Uia
}

/** POST /keys/device_signing/upload. Client-Server API, "Cross-signing". */
export const uploadCrossSigningKeys = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/device_signing/upload',
  also: ['/_matrix/client/unstable/keys/device_signing/upload'],
  summary: "Publish the user's cross-signing keys; to replace them takes the password.",
  auth: 'user',
  limit: 'write',
  body: Type.Object({
    auth: Type.Optional(Type.Unknown()),
    master_key: Type.Optional(Type.Unknown()),
    self_signing_key: Type.Optional(Type.Unknown()),
    user_signing_key: Type.Optional(Type.Unknown()),
  }),

  async handle({ caller, body, address }, { crossSigning, uia }: Services) {
    const { userId } = caller
    const upload = { master: body.master_key, self_signing: body.self_signing_key, user_signing: body.user_signing_key }
    const isEmpty = Object.values(upload).every((key) => key === undefined)
    // Clients send an empty request to learn how they may prove who they are.
    const change = isEmpty && body.auth === undefined ? undefined : await crossSigning.check(userId, upload)
    if (change?.isSame === true) return {}
    if (change?.isFirst === true) {
      await crossSigning.write(userId, change, {})
      return {}
    }
    const proof = await uia.prove({ operation: 'uploadCrossSigningKeys', body, userId, flows: passwordFlow, address })
    if (!proof.passed) return proof.reply
    if (change !== undefined) await crossSigning.write(userId, change, proof.spent)
    return {}
  },
})
