import { join } from 'node:path';
import { projectDir } from '../../local/run/synthesize.ts';

/**
 * @param drachtio its binary; undefined: ours, which takes the same command line
 * @returns SOURCE=TARGET of what the container of drachtio needs
 */
export function sipServerFiles(drachtio: string | undefined): string[] {
  if (drachtio !== undefined) return [`${drachtio}=/image/bin/drachtio`];
  return [`${join(import.meta.dirname, 'drachtio.sh')}=/image/bin/drachtio`, `${projectDir}=/switchroom`];
}
