import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedError } from './errors.ts';
import type { Template } from './template.ts';

interface AssetManifest {
  files?: Record<string, { source: { path?: string } }>;
  dockerImages?: Record<string, { source: { directory?: string } }>;
}

/** A synthesized stack on disk: its template, and the files that `cdk deploy` would upload. */
export interface SynthesizedStack {
  name: string;
  template: Template;
  /** @param s3Key `{hash}.zip`, as a function's code names it */
  codeDirectory: (s3Key: string) => string;
  /** @param image URI of a container image, which ends in the hash of its asset */
  imageDirectory: (image: string) => string;
}

/**
 * Reads what CDK has written.
 * @param directory the cloud assembly, `cdk.out`
 */
export function readSynthesizedStack(directory: string, name: string): SynthesizedStack {
  const read = <T>(file: string): T => JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const manifest = read<AssetManifest>(`${name}.assets.json`);
  const hashOf = (id: string) => /([0-9a-f]{64})(\.zip)?$/.exec(id)?.[1] ?? '';
  const place = (kind: string, id: string, path: string | undefined) => {
    if (path === undefined) throw new UnsupportedError(`${kind} ${id} is none of the stack's assets`);
    return join(directory, path);
  };
  return {
    name,
    template: read<Template>(`${name}.template.json`),
    codeDirectory: (s3Key) => place('code', s3Key, manifest.files?.[hashOf(s3Key)]?.source.path),
    imageDirectory: (image) =>
      place('image', image, manifest.dockerImages?.[hashOf(image)]?.source.directory),
  };
}
