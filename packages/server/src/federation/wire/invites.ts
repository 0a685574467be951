import { contract, smallAnswer } from './contract.ts'

/** For room versions 1 and 2 with servers that do not know the second version. */
export const sendInviteV1 = contract({
  name: 'sendInviteV1',
  method: 'PUT',
  path: '/_matrix/federation/v1/invite/{roomId}/{eventId}',
  answer: smallAnswer,
  inArray: true,
})

export const sendInvite = contract({
  name: 'sendInviteV2',
  method: 'PUT',
  path: '/_matrix/federation/v2/invite/{roomId}/{eventId}',
  answer: smallAnswer,
})

export const exchangeThirdPartyInvite = contract({
  name: 'exchangeThirdPartyInvite',
  method: 'PUT',
  path: '/_matrix/federation/v1/exchange_third_party_invite/{roomId}',
  answer: smallAnswer,
})
