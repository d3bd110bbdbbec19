import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Images } from '../ecr/images.ts';
import type { Assets } from './assets.ts';
import type { Buckets } from './s3.ts';

/**
 * The files that a deployment has uploaded.
 * @param dir where functions' code is unpacked
 */
export function uploadedAssets(dir: string, buckets: Buckets, images: Images): Assets {
  return {
    codeDirectory: (s3Key, s3Bucket) => {
      // Its name is the hash of what is in it: unpacked once, it is right for ever.
      const directory = join(dir, encodeURIComponent(s3Key));
      if (!existsSync(directory)) unzip(buckets.read(s3Bucket, s3Key), directory);
      return directory;
    },
    imageDirectory: (image) => images.directoryOf(image),
  };
}

function unzip(archive: Buffer, directory: string): void {
  const unpacking = `${directory}~`;
  for (const [name, bytes] of Object.entries(unzipSync(archive))) {
    const file = join(unpacking, name);
    if (!file.startsWith(`${unpacking}/`)) throw new Error(`the archive has a file outside of it: ${name}`);
    if (name.endsWith('/')) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  renameSync(unpacking, directory);
}
