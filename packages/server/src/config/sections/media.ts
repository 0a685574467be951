import { join } from 'node:path'
import { option } from '../option.ts'
import { filePath, onOff, orOff, wholeNumber } from '../types.ts'

const megabytes = wholeNumber(1, 100_000_000, 'MB')

export const mediaSection = {
  title: 'Media',
  about: 'Files that users send, and copies of files of other servers.',
  options: {
    folder: option({
      key: 'media.folder',
      type: filePath,
      default: ({ dataDir }) => join(dataDir, 'media'),
      defaultText: 'media in data_dir',
      about: 'Where the files are. Several processes of one server must share it.',
    }),
    maxUploadMb: option({ key: 'media.max_upload_mb', type: megabytes, default: '50', about: 'The largest file that a user may upload.' }),
    userQuotaMb: option({
      key: 'media.user_quota_mb',
      type: orOff(megabytes),
      default: '10000',
      about: 'How much each user may upload in all.',
    }),
    maxRemoteMb: option({
      key: 'media.max_remote_mb',
      type: megabytes,
      default: '100',
      about: 'The largest file that is fetched from another server.',
    }),
    remoteCacheMb: option({
      key: 'media.remote_cache_mb',
      type: megabytes,
      default: '10000',
      about: 'How much copies of files of other servers may take. The ones that nobody looked at for longest go first.',
    }),
    thumbnails: option({
      key: 'media.thumbnails',
      type: onOff,
      default: 'on',
      about: 'Make small versions of images, in a process of their own. Off: clients have to show the originals.',
    }),
  },
} as const
