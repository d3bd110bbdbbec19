import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedError } from '../http/errors.ts';
import type { Resource, Template } from '../template.ts';

interface AssetManifest {
  files?: Record<string, { source: { path?: string } }>;
  dockerImages?: Record<string, { source: { directory?: string } }>;
}

/** Where the files are that a template names. */
export interface Assets {
  /** @param s3Key `{hash}.zip`, as a function's code names it */
  codeDirectory: (s3Key: string, s3Bucket: string) => string;
  /** @param image URI of a container image, which ends in the hash of its asset */
  imageDirectory: (image: string) => string;
}

/** A resource as it exists, with the files it is made of. */
export type ProvisionedResource = Resource & { assets: Assets };

/** A synthesized stack on disk: its template, and the files that `cdk deploy` would upload. */
export interface SynthesizedStack extends Assets {
  name: string;
  template: Template;
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
