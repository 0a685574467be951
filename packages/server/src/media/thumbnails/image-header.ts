/** A format that thumbnails are made of. Nothing else is handed to a decoder, whatever it calls itself. */
export type ImageFormat = 'png' | 'jpeg' | 'gif' | 'webp'

/** What the first bytes of an image say. */
export interface ImageHeader {
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
  /** May it have several frames? */
  readonly mayMove: boolean
}

/** The Content-Type of a format. */
export function typeOfFormat(format: ImageFormat): string {
  return `image/${format}`
}

/** Read what the bytes themselves say; `head` is the beginning of the file. Absent for what is no image, or not one of these. */
export function readImageHeader(head: Uint8Array): ImageHeader | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  const found = readPng(bytes) ?? readGif(bytes) ?? readWebp(bytes) ?? readJpeg(bytes)
  return found !== undefined && found.width > 0 && found.height > 0 ? found : undefined
}

function textAt(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end)
}

/** PNG, third edition, section 5; the chunk acTL before IDAT makes it an animation. */
function readPng(bytes: Buffer): ImageHeader | undefined {
  if (bytes.length < 33 || textAt(bytes, 0, 8) !== '\x89PNG\r\n\x1a\n' || textAt(bytes, 12, 16) !== 'IHDR') return undefined
  let mayMove = false
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = textAt(bytes, at + 4, at + 8)
    if (type === 'acTL') mayMove = true
    if (type === 'IDAT' || mayMove) break
  }
  return { format: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), mayMove }
}

/** GIF89a, section 18. How many frames there are shows only at its end. */
function readGif(bytes: Buffer): ImageHeader | undefined {
  if (bytes.length < 13 || !/^GIF8[79]a$/.test(textAt(bytes, 0, 6))) return undefined
  return { format: 'gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8), mayMove: true }
}

/** RFC 9649: one of three first chunks says how large it is. */
function readWebp(bytes: Buffer): ImageHeader | undefined {
  if (bytes.length < 30 || textAt(bytes, 0, 4) !== 'RIFF' || textAt(bytes, 8, 12) !== 'WEBP') return undefined
  switch (textAt(bytes, 12, 16)) {
    case 'VP8 ':
      if (textAt(bytes, 23, 26) !== '\x9d\x01\x2a') return undefined
      return { format: 'webp', width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff, mayMove: false }
    case 'VP8L': {
      if (bytes[20] !== 0x2f) return undefined
      const bits = bytes.readUInt32LE(21)
      return { format: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, mayMove: false }
    }
    case 'VP8X':
      return {
        format: 'webp',
        width: bytes.readUIntLE(24, 3) + 1,
        height: bytes.readUIntLE(27, 3) + 1,
        mayMove: ((bytes[20] ?? 0) & 0x02) !== 0,
      }
    default:
      return undefined
  }
}

/** JPEG (ITU-T T.81, annex B): the size is in the frame header, behind segments with metadata. */
function readJpeg(bytes: Buffer): ImageHeader | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1
      continue
    }
    // C4, C8 and CC lie among the frame headers and are none; scan data comes only after a frame header.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return { format: 'jpeg', width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5), mayMove: false }
    if (marker === 0xda || marker === 0xd9) return undefined
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}
