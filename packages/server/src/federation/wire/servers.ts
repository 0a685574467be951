import { contract, smallAnswer } from './contract.ts'

export const getServerKey = contract({
  name: 'getServerKey',
  method: 'GET',
  path: '/_matrix/key/v2/server',
  answer: smallAnswer,
  signed: false,
})

export const getVersion = contract({
  name: 'getVersion',
  method: 'GET',
  path: '/_matrix/federation/v1/version',
  answer: smallAnswer,
  signed: false,
})
