import { contract, smallAnswer } from './contract.ts'

/** Query: `ver`, repeated. */
export const makeKnock = contract({
  name: 'makeKnock',
  method: 'GET',
  path: '/_matrix/federation/v1/make_knock/{roomId}/{userId}',
  answer: smallAnswer,
})

export const sendKnock = contract({
  name: 'sendKnock',
  method: 'PUT',
  path: '/_matrix/federation/v1/send_knock/{roomId}/{eventId}',
  answer: smallAnswer,
})
