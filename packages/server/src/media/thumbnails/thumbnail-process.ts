import sharp from 'sharp'
import { serveJobs } from '../../platform/job-process.ts'
import type { MadeThumbnail, ThumbnailJob } from './thumbnail-job.ts'

// The process that `Thumbnails` starts: the only place where strangers' images are decoded.

sharp.cache(false)
sharp.concurrency(1)
// Of the many loaders only those of the formats that a header was read of.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['VipsForeignLoadJpegFile', 'VipsForeignLoadPngFile', 'VipsForeignLoadNsgifFile', 'VipsForeignLoadWebpFile'],
})

/** Does the job ask for an animation, and is the image one within the limits? Read from the headers of its frames, before any is decoded. */
async function isAnimation(job: ThumbnailJob): Promise<boolean> {
  if (!job.animated) return false
  const { pages = 1, width = 0, pageHeight = 0 } = await sharp(job.path, { animated: true, limitInputPixels: false }).metadata()
  return pages > 1 && pages <= job.framesMax && pages * width * pageHeight <= job.animatedPixelsMax
}

async function makeThumbnail(job: ThumbnailJob): Promise<MadeThumbnail> {
  const { width, height } = job
  const animated = await isAnimation(job)
  const resized = sharp(job.path, {
    animated,
    limitInputPixels: animated ? job.animatedPixelsMax : job.pixelsMax,
    sequentialRead: true,
  })
    .autoOrient()
    .resize({ width, height, fit: job.method === 'crop' ? 'cover' : 'inside', withoutEnlargement: true })
  if (animated) return { contentType: 'image/webp', bytes: await resized.webp({ quality: 75, effort: 2 }).toBuffer() }
  if (job.format === 'jpeg') return { contentType: 'image/jpeg', bytes: await resized.jpeg({ quality: 80 }).toBuffer() }
  return { contentType: 'image/png', bytes: await resized.png({ compressionLevel: 7 }).toBuffer() }
}

function isJob(job: unknown): job is ThumbnailJob {
  return typeof job === 'object' && job !== null && 'path' in job && 'pixelsMax' in job
}

serveJobs(async (job) => {
  if (!isJob(job)) throw new Error('this is no job')
  return makeThumbnail(job)
})
