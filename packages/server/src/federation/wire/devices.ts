import { contract, pageAnswer } from './contract.ts'

export const getUserDevices = contract({
  name: 'getUserDevices',
  method: 'GET',
  path: '/_matrix/federation/v1/user/devices/{userId}',
  answer: pageAnswer,
})

export const queryUserKeys = contract({
  name: 'queryUserEncryptionKeys',
  method: 'POST',
  path: '/_matrix/federation/v1/user/keys/query',
  answer: pageAnswer,
})

export const claimUserKeys = contract({
  name: 'claimUserEncryptionKeys',
  method: 'POST',
  path: '/_matrix/federation/v1/user/keys/claim',
  answer: pageAnswer,
  // Each time it takes keys away.
  repeatable: false,
})
