import { contract, smallAnswer, stateAnswer } from './contract.ts'

/** Query: `ver`, repeated. */
export const makeJoin = contract({
  name: 'makeJoin',
  method: 'GET',
  path: '/_matrix/federation/v1/make_join/{roomId}/{userId}',
  answer: smallAnswer,
})

/** Query: `omit_members`. */
export const sendJoin = contract({
  name: 'sendJoinV2',
  method: 'PUT',
  path: '/_matrix/federation/v2/send_join/{roomId}/{eventId}',
  answer: stateAnswer,
})
