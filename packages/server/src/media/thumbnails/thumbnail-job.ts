import type { ImageFormat } from './image-header.ts'
import type { ThumbnailMethod } from './thumbnail-size.ts'

/** What the process is asked for. */
export interface ThumbnailJob {
  readonly path: string
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
  readonly method: ThumbnailMethod
  /** If it is an animation within the limits. */
  readonly animated: boolean
  readonly pixelsMax: number
  readonly framesMax: number
  /** Of all frames together. */
  readonly animatedPixelsMax: number
}

/** What it gives. */
export interface MadeThumbnail {
  readonly contentType: string
  readonly bytes: Uint8Array
}

export function isMadeThumbnail(value: unknown): value is MadeThumbnail {
  if (typeof value !== 'object' || value === null || !('contentType' in value) || !('bytes' in value)) return false
  return typeof value.contentType === 'string' && value.bytes instanceof Uint8Array
}
