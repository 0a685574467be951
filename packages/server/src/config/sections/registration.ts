import { option } from '../option.ts'
import { choice, listOf, optional, someText, wholeNumber } from '../types.ts'

export const registrationSection = {
  title: 'Registration',
  about: 'Who may make an account. The command `causeway user create` always can.',
  options: {
    mode: option({
      key: 'registration',
      type: choice(['closed', 'token', 'open']),
      default: 'closed',
      about: 'closed: nobody. token: whoever has one of `registration_tokens`. open: anybody, spammers too.',
    }),
    tokens: option({
      key: 'registration_tokens',
      type: listOf(someText),
      default: '',
      about: 'What people enter to make an account when `registration` is `token`.',
      secret: true,
    }),
    sharedSecret: option({
      key: 'registration_shared_secret',
      type: optional(someText),
      default: '',
      about: 'Lets scripts that know it make accounts, administrators too, at /_synapse/admin/v1/register.',
      secret: true,
    }),
    passwordCharsMin: option({
      key: 'password_min_length',
      type: wholeNumber(1, 128, 'characters'),
      default: '8',
      about: 'Characters that a new password must have: what is shorter is soon guessed.',
    }),
  },
} as const
