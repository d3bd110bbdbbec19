import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/* The table "may import" of docs/architecture.md, kept true. */

const root = resolve(import.meta.dirname, '..');
const ours = [
  'contracts',
  'lambdas',
  'sip-edge',
  'infra',
  'gateway',
  'cli',
  'local',
  'test',
  'bench',
  'scripts',
] as const;

/** Folder → the folders of ours it may import, beside itself. */
const mayImport: Record<string, readonly string[]> = {
  contracts: [],
  lambdas: ['contracts'],
  'sip-edge': ['contracts'],
  infra: ['contracts'],
  gateway: [],
  cli: ['contracts', 'local'],
  local: ['contracts'],
};

const isSdk = (specifier: string) =>
  /^(@aws-sdk|@smithy|aws-cdk|constructs|drachtio-srf|@middy|@aws-lambda-powertools)/.test(specifier);

interface Import {
  file: string;
  specifier: string;
  /** The file imported, from the root, where it is ours. */
  target: string | undefined;
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:from\s+|import\s+|import\(\s*)['"]([^'"]+)['"]/g);
  return [...found].map(([, specifier]) => {
    const name = specifier as string;
    const target = name.startsWith('.') ? relative(root, resolve(root, dirname(file), name)) : undefined;
    return { file, specifier: name, target };
  });
}

const importsIn = (folder: string) => sourcesOf(folder).flatMap(importsOf);

describe('the layout', () => {
  it.each(Object.keys(mayImport))('%s/ imports of ours only what it may', (folder) => {
    const allowed = [folder, ...(mayImport[folder] as readonly string[])];
    const wrong = importsIn(folder).filter(({ target }) => {
      const top = target?.split('/')[0];
      return top !== undefined && ours.some((name) => name === top) && !allowed.includes(top);
    });
    expect(wrong).toEqual([]);
  });

  it('contracts/ and lambdas/domain/ know no SDK', () => {
    const wrong = [...importsIn('contracts'), ...importsIn('lambdas/domain')].filter((i) =>
      isSdk(i.specifier),
    );
    expect(wrong).toEqual([]);
  });

  it('lambdas/domain/ decides without table writes, handlers, clock or randomness', () => {
    const imports = importsIn('lambdas/domain').filter(
      ({ target }) =>
        target?.startsWith('lambdas/') &&
        !target.startsWith('lambdas/domain/') &&
        target !== 'lambdas/store/keys.ts',
    );
    expect(imports).toEqual([]);
    const impure = sourcesOf('lambdas/domain').filter((file) =>
      /\b(Date\.now\(|new Date\(\)|Math\.random\(|process\.|randomUUID\()/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
    expect(impure).toEqual([]);
  });

  it('nothing in lambdas/ knows the functions but themselves', () => {
    const wrong = importsIn('lambdas').filter(
      ({ file, target }) =>
        target?.startsWith('lambdas/functions/') && !file.startsWith('lambdas/functions/'),
    );
    expect(wrong).toEqual([]);
  });

  it('finds what it looks at', () => {
    expect(importsIn('lambdas').length).toBeGreaterThan(0);
    expect(importsIn('sip-edge').length).toBeGreaterThan(0);
  });
});
