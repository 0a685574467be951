import { option } from '../option.ts'
import { wholeNumber } from '../types.ts'

export const cacheSection = {
  title: 'Memory',
  about: 'What may be kept in memory to save work.',
  options: {
    roomViewsMb: option({
      key: 'cache.room_views_mb',
      type: wholeNumber(8, 65_536, 'MB'),
      default: '96',
      about: 'The current state of rooms. More helps where many rooms are busy at once.',
    }),
  },
} as const
