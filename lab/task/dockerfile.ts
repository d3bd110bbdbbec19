import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What of an image a process sees that runs in it. */
export interface Image {
  /** File of the build context → where it stands in the image. */
  files: readonly { source: string; target: string }[];
  environment: Record<string, string>;
  entryPoint: readonly string[];
  /** Whether it runs as somebody of its own. */
  hasUser: boolean;
}

/**
 * Reads COPY, ENV, USER and ENTRYPOINT of a Dockerfile, the last of each that counts. What RUN does is not done: programs
 * are those of this machine.
 * @param directory the build context
 */
export function readDockerfile(directory: string): Image {
  const text = readFileSync(join(directory, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const ofKind = (kind: string) =>
    text
      .split('\n')
      .flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1).trim()] : []));
  const files = ofKind('COPY').flatMap((line) => {
    const words = line.split(/\s+/).filter((word) => !word.startsWith('--'));
    const target = words.pop() ?? '';
    return words.map((word) => ({
      source: join(directory, word),
      target: target.endsWith('/') ? target + word : target,
    }));
  });
  const pairs = ofKind('ENV').flatMap((line) => line.split(/\s+/).map((pair) => pair.split('=', 2)));
  return {
    files,
    environment: Object.fromEntries(pairs),
    entryPoint: JSON.parse(ofKind('ENTRYPOINT').at(-1) ?? '[]'),
    hasUser: ofKind('USER').length > 0,
  };
}
