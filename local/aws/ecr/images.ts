import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { imageRepository } from '../assets/bootstrap.ts';
import { AwsError, UnsupportedError } from '../http/errors.ts';
import { accountId, arn, region } from '../identity.ts';
import type { JsonObject } from '../template.ts';

const registry = `${accountId}.dkr.ecr.${region}.amazonaws.com`;

/** What stands in for docker, for `CDK_DOCKER`. It takes an image's files for the image. */
export const dockerFile = resolve(import.meta.dirname, 'docker.sh');

/** Elastic Container Registry: images are directories, which `docker.sh` puts there. */
export class Images {
  /** For the variable `SWITCHROOM_IMAGES` of `docker.sh`. */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** @throws UnsupportedError where nobody has pushed it */
  directoryOf(image: string): string {
    const directory = join(this.dir, 'pushed', image);
    if (!existsSync(directory)) throw new UnsupportedError(`image ${image} was never pushed`);
    return directory;
  }

  getAuthorizationToken(): JsonObject {
    return {
      authorizationData: [
        {
          authorizationToken: Buffer.from('AWS:local').toString('base64'),
          proxyEndpoint: `https://${registry}`,
          expiresAt: Math.floor(Date.now() / 1000) + 43_200,
        },
      ],
    };
  }

  /** @throws AwsError RepositoryNotFoundException */
  describeRepositories({ repositoryNames }: JsonObject): JsonObject {
    const names = (repositoryNames ?? [imageRepository]) as string[];
    return {
      repositories: names.map((name) => {
        checkRepository(name);
        return {
          repositoryName: name,
          repositoryArn: arn('ecr', `repository/${name}`),
          repositoryUri: `${registry}/${name}`,
          registryId: accountId,
        };
      }),
    };
  }

  /** @throws AwsError RepositoryNotFoundException, ImageNotFoundException */
  describeImages({ repositoryName, imageIds }: JsonObject): JsonObject {
    const name = checkRepository(String(repositoryName));
    return {
      imageDetails: ((imageIds ?? []) as { imageTag: string }[]).map(({ imageTag }) => {
        if (!existsSync(join(this.dir, 'pushed', registry, `${name}:${imageTag}`))) {
          throw new AwsError('ImageNotFoundException', `The image with imageId ${imageTag} does not exist`);
        }
        return { registryId: accountId, repositoryName: name, imageTags: [imageTag] };
      }),
    };
  }
}

function checkRepository(name: string): string {
  if (name === imageRepository) return name;
  throw new AwsError('RepositoryNotFoundException', `The repository with name '${name}' does not exist`);
}
