import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * The licences of what is bundled, which a bundle itself leaves out: most ask for their text wherever the code goes.
 */

interface Package {
  /** With its version. */
  name: string;
  licence: string;
  /** Of its licence and notice files, else of that part of its README; empty where it has neither. */
  text: string;
}

/**
 * @param root directory that the paths are relative to
 * @param inputs paths of the files in a bundle, as esbuild's metafile names them
 * @returns the text of a notices file: each licence once, under the packages that it is of
 * @throws Error naming a package that states no licence
 */
export async function noticesOf(root: string, inputs: readonly string[]): Promise<string> {
  const directories = new Set(inputs.flatMap((input) => directoryIn(input) ?? []));
  const packages = await Promise.all([...directories].map((directory) => read(join(root, directory))));
  packages.sort((one, other) => (one.name < other.name ? -1 : 1));
  const byText = Map.groupBy(packages, ({ licence, text }) => `${licence}\n\n${text}`);
  const parts = [...byText].map(
    ([text, those]) => `${[...new Set(those.map(({ name }) => name))].join('\n')}\n\n${text.trim()}\n`,
  );
  return ['This program contains the following packages, each under its licence.\n', ...parts].join(
    `\n${'-'.repeat(80)}\n\n`,
  );
}

/** `node_modules/a/b.js` is of `node_modules/a`; what has no such directory is ours. */
function directoryIn(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

async function read(directory: string): Promise<Package> {
  const { name, version, license } = await manifestOf(directory);
  const files = (await readdir(directory)).sort();
  const textOf = async (file: string) =>
    (await readFile(join(directory, file), 'utf8')).replaceAll('\r\n', '\n').trim();
  let texts = await Promise.all(
    files.filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).map(textOf),
  );
  if (texts.length === 0) {
    const readmes = await Promise.all(files.filter((file) => /^readme/i.test(file)).map(textOf));
    const sections = readmes.flatMap((readme) => readme.split(/^#+ */m));
    texts = sections.filter((section) => /^licen[cs]e/i.test(section)).map((section) => section.trim());
  }
  if (license === undefined && texts.length === 0) throw new Error(`${name} states no licence`);
  return {
    name: `${name} ${version}`,
    licence: license === undefined ? '' : `Licence: ${license}`,
    text: texts.join('\n\n'),
  };
}

async function manifestOf(directory: string): Promise<{ name: string; version: string; license?: string }> {
  const file = join(directory, 'package.json');
  if (!existsSync(file)) throw new Error(`no package in ${directory}`);
  return JSON.parse(await readFile(file, 'utf8'));
}
