import { smallAnswerBytesMax, transactionMsMax } from '../limits.ts'
import { contract } from './contract.ts'

export const sendTransaction = contract({
  name: 'sendTransaction',
  method: 'PUT',
  path: '/_matrix/federation/v1/send/{txnId}',
  answer: { bytesMax: smallAnswerBytesMax, msMax: transactionMsMax },
})
