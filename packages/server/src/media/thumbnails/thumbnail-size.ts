/** Client-Server API, "Thumbnails". */
export type ThumbnailMethod = 'crop' | 'scale'

export interface ThumbnailSize {
  readonly width: number
  readonly height: number
}

/** The sizes that are made, so that each image has a bounded number of thumbnails: those of the specification, and some for dense screens. */
const sizes: Readonly<Record<ThumbnailMethod, readonly ThumbnailSize[]>> = {
  crop: [size(32, 32), size(96, 96), size(256, 256), size(320, 240), size(512, 512), size(640, 480), size(800, 600)],
  scale: [size(32, 32), size(96, 96), size(320, 240), size(640, 480), size(800, 600), size(1600, 1200)],
}

function size(width: number, height: number): ThumbnailSize {
  return { width, height }
}

function distortion(one: ThumbnailSize, other: ThumbnailSize): number {
  return Math.abs(Math.log((one.width * other.height) / (one.height * other.width)))
}

/** The size that is made for a wish: none smaller than it; of those the one nearest in shape, for a crop, and then the smallest. */
export function sizeFor(wish: ThumbnailSize, method: ThumbnailMethod): ThumbnailSize | undefined {
  const enough = sizes[method].filter(({ width, height }) => width >= wish.width && height >= wish.height)
  if (method === 'scale') return enough[0]
  return enough.toSorted((one, other) => distortion(one, wish) - distortion(other, wish) || one.width - other.width)[0]
}

/** The largest size that is made. */
export function largestSize(method: ThumbnailMethod): ThumbnailSize {
  return sizes[method].at(-1) ?? size(0, 0)
}
