import { createContent } from './content-repo/create-content.ts'
import { getConfigAuthed } from './content-repo/get-config-authed.ts'
import { getContentAuthed } from './content-repo/get-content-authed.ts'
import { getContentOverrideNameAuthed } from './content-repo/get-content-override-name-authed.ts'
import { getContentThumbnailAuthed } from './content-repo/get-content-thumbnail-authed.ts'
import { getContent, getContentOverrideName, getContentThumbnail } from './content-repo/get-content.ts'
import { uploadContentToMxc } from './content-repo/upload-content-to-mxc.ts'
import { uploadContent } from './content-repo/upload-content.ts'

/** The operations of the content repository. */
export const mediaEndpoints = [
  createContent,
  getConfigAuthed,
  getContent,
  getContentAuthed,
  getContentOverrideName,
  getContentOverrideNameAuthed,
  getContentThumbnail,
  getContentThumbnailAuthed,
  uploadContent,
  uploadContentToMxc,
] as const
