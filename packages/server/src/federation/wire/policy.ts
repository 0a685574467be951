import { contract, smallAnswer } from './contract.ts'

/** Ask a policy server to sign an event. Server-Server API, "Policy Servers". */
export const askPolicyServerToSign = contract({
  name: 'askPolicyServerToSign',
  method: 'POST',
  path: '/_matrix/policy/v1/sign',
  answer: smallAnswer,
})
