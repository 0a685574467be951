import { option } from '../option.ts'
import { choice, onOff } from '../types.ts'

export const logSection = {
  title: 'Log',
  about: 'One line for each request and for what an operator can act on, on the standard output.',
  options: {
    level: option({
      key: 'log.level',
      type: choice(['debug', 'info', 'warn', 'error']),
      default: 'info',
      about: 'The least that is shown.',
    }),
    format: option({
      key: 'log.format',
      type: choice(['auto', 'json', 'text']),
      default: 'auto',
      about: 'json for machines, text for people; auto: text on a terminal.',
    }),
    addresses: option({ key: 'log.addresses', type: onOff, default: 'off', about: 'Do request lines show where the request came from?' }),
  },
} as const
