import { contract, pageAnswer, smallAnswer } from './contract.ts'

/** Query: `user_id` and `field`. */
export const queryProfile = contract({
  name: 'queryProfile',
  method: 'GET',
  path: '/_matrix/federation/v1/query/profile',
  answer: smallAnswer,
})

/** Query: `room_alias`. */
export const queryDirectory = contract({
  name: 'queryRoomDirectory',
  method: 'GET',
  path: '/_matrix/federation/v1/query/directory',
  answer: smallAnswer,
})

/** Query: `limit`, `since`, `include_all_networks`, `third_party_instance_id`. */
export const getPublicRooms = contract({
  name: 'getPublicRooms',
  method: 'GET',
  path: '/_matrix/federation/v1/publicRooms',
  answer: pageAnswer,
})

/** The same with a filter in the body. */
export const queryPublicRooms = contract({
  name: 'queryPublicRooms',
  method: 'POST',
  path: '/_matrix/federation/v1/publicRooms',
  answer: pageAnswer,
})

/** Query: `access_token`. */
export const exchangeOpenIdToken = contract({
  name: 'exchangeOpenIdToken',
  method: 'GET',
  path: '/_matrix/federation/v1/openid/userinfo',
  answer: smallAnswer,
  signed: false,
})
