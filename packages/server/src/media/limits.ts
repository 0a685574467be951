const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** Characters of a media id that we choose: 143 bits, which nobody guesses. */
export const mediaIdChars = 24
/** Characters of a media id of another server, and of a file's name: file systems have names of 255 bytes. */
export const mediaIdCharsMax = 255
export const fileNameCharsMax = 255
/** Characters of a media type with its parameters. */
export const contentTypeCharsMax = 255

/** Milliseconds until what was announced must be uploaded. Client-Server API, "POST /_matrix/media/v1/create". */
export const pendingMs = 24 * hour
/** Pieces of media that one user may have announced and not uploaded. */
export const pendingMax = 100
/** Milliseconds that a download waits for an upload: without a word of the client, and at most. */
export const uploadWaitMsDefault = 20 * second
export const uploadWaitMsMax = minute
/** Milliseconds between two looks for an upload that another process may have taken. */
export const uploadLookMs = second
/** Milliseconds for an upload or a download: 100 MB at 115 kB/s. */
export const mediaRequestMsMax = 15 * minute

/** Times that a file is placed anew because it was about to be removed, and milliseconds in between. */
export const placeTriesMax = 20
export const placeAgainMs = 250
/** Milliseconds after which a removal that did not end is taken to be abandoned. */
export const removalMsMax = 10 * minute
/** Milliseconds that a file without anybody is left alone: an upload notes its file before it refers to it. */
export const unusedMsMin = hour
/** Milliseconds without a byte after which what arrives is given up; an upload takes `mediaRequestMsMax` at most. */
export const incomingMsMax = hour
/** Milliseconds between two sweeps, and rows that one of them removes at most. */
export const sweepMs = hour
export const sweepRowsMax = 1_000

/** Bytes of an answer around the file: boundaries, headers and the JSON part. */
export const multipartOverheadBytesMax = 128 * 1024
/** Bytes of the headers of one part, and of the JSON part. */
export const partHeaderBytesMax = 16 * 1024
export const jsonPartBytesMax = 64 * 1024
/** Redirects that are followed to where another server keeps a file. */
export const locationRedirectsMax = 3
/** Milliseconds for a file that is somewhere else. */
export const locationMsMax = 5 * minute
/** Files that are fetched from one server at once, of the six connections to it, and how many more wait for their turn. */
export const fetchesPerServerMax = 4
export const fetchesWaitingMax = 200
/** Files of all other servers that are fetched or wait for it. */
export const fetchesMax = 1_000
/** Pieces of media that could not be fetched and are remembered for it, and for how long in milliseconds; some 300 bytes each. */
export const failuresMax = 5_000
export const failureMs = minute
/** Milliseconds for which a look at a copy counts, and for which a copy is kept whatever the quota. */
export const touchMs = hour
export const freshCopyMs = minute
/** Copies that are looked at together when the quota is passed, and the share of the quota that is left then. */
export const evictedAtOnceMax = 100
export const evictionShare = 0.95

/** Bytes at the beginning of an image in which its size must be found: a photo's metadata come first, 64 kB a segment. */
export const imageHeadBytes = 512 * 1024
/** Pixels of an image, and of one side, of which thumbnails are made: cameras have 50 to 100 million. */
export const pixelsMax = 100_000_000
export const sideMax = 30_000
/** Frames of an animation, and pixels of all of them, that stay an animation; of others the first frame is shown. */
export const framesMax = 500
export const animatedPixelsMax = 50_000_000
/** Milliseconds for one thumbnail: ten times what the largest images need. */
export const thumbnailMsMax = 20 * second
/** Bytes of address space of the process that makes them: Node itself takes 1.2 GB of it, and uses a twentieth. */
export const thumbnailMemoryBytesMax = 2_500_000_000
/** Milliseconds without a thumbnail after which the process ends. */
export const thumbnailIdleMsMax = minute
/** Thumbnails that are being made or wait for it. */
export const thumbnailsWaitingMax = 64
/** Files that are remembered because no thumbnail can be made of them. */
export const thumbnailFailuresMax = 5_000
