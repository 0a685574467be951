import { contract, smallAnswer } from './contract.ts'

export const makeLeave = contract({
  name: 'makeLeave',
  method: 'GET',
  path: '/_matrix/federation/v1/make_leave/{roomId}/{userId}',
  answer: smallAnswer,
})

export const sendLeave = contract({
  name: 'sendLeaveV2',
  method: 'PUT',
  path: '/_matrix/federation/v2/send_leave/{roomId}/{eventId}',
  answer: smallAnswer,
})
