import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build as esbuild } from 'esbuild';
import { noticesOf } from './notices.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Some packages inside are CommonJS and call `require` for Node's own modules; an ES module has none. */
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  // The packages' ES modules lose what is not used; their CommonJS, which Node would take first, cannot.
  mainFields: ['module', 'main'],
  banner: { js: requireBanner },
  // In the notices instead: see notices.ts.
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions;

/** See the module's own words: a function looks for its credentials in one place only. */
const functionAlias = {
  '@aws-sdk/credential-provider-node': join(root, 'lambdas', 'runtime', 'function-credentials.ts'),
};

export interface Built {
  name: string;
  outfile: string;
  bytes: number;
}

/**
 * Bundles each function (`lambdas/functions/<name>/handler.ts` to `dist/lambdas/<name>/index.mjs`) and the edge
 * (`sip-edge/main.ts` to `dist/sip-edge/main.mjs`, with the Dockerfile of its image beside it), each with the licences
 * of what is in it. What was built before
 * stays until all of it is there: a synthesis that runs beside a build finds one or the other.
 * @param out directory that takes the place of `dist/`
 * @returns what was built, with sizes in bytes
 * @throws where a source does not compile
 */
export async function build(out: string = dist): Promise<Built[]> {
  // Functions and containers read the bundles as somebody else, whoever builds them: a run of `npm start`, for one.
  const umask = process.umask(0o022);
  // Beside it and as deep, so that the paths in the source maps are the same.
  const building = await mkdtemp(`${out}-building-`);
  try {
    const built = await buildInto(building);
    await mkdir(out, { recursive: true });
    for (const name of ['lambdas', 'sip-edge']) {
      await rm(join(out, name), { recursive: true, force: true });
      await rename(join(building, name), join(out, name));
    }
    return built.map((one) => ({ ...one, outfile: join(out, relative(building, one.outfile)) }));
  } finally {
    process.umask(umask);
    await rm(building, { recursive: true, force: true });
  }
}

async function buildInto(out: string): Promise<Built[]> {
  const lambdas = (await readdir(join(root, 'lambdas', 'functions')))
    .map((name) => ({ name, source: join(root, 'lambdas', 'functions', name, 'handler.ts') }))
    .filter(({ source }) => existsSync(source))
    .map((one) => ({ ...one, outfile: join(out, 'lambdas', one.name, 'index.mjs'), alias: functionAlias }));
  await buildConsole(join(out, 'lambdas', 'api', 'console'));
  const edge = {
    name: 'sip-edge',
    source: join(root, 'sip-edge', 'main.ts'),
    outfile: join(out, 'sip-edge', 'main.mjs'),
    alias: {},
  };
  const built = await Promise.all(
    [...lambdas, edge].map(async ({ name, source, outfile, alias }) => {
      const { metafile } = await esbuild({
        ...common,
        alias,
        entryPoints: [source],
        outfile,
        metafile: true,
      });
      const notices = await noticesOf(root, Object.keys(metafile.inputs));
      await writeFile(join(dirname(outfile), 'THIRD-PARTY-NOTICES.txt'), notices);
      const [, output] = Object.entries(metafile.outputs).find(([path]) => path.endsWith('.mjs')) ?? [];
      return { name, outfile, bytes: output?.bytes ?? 0 };
    }),
  );
  await copyFile(join(root, 'sip-edge', 'Dockerfile'), join(out, 'sip-edge', 'Dockerfile'));
  return built;
}

/** The console's page, script and style, beside the function that serves them, with the licences of what is in it. */
export async function buildConsole(out: string): Promise<void> {
  const { metafile } = await esbuild({
    ...common,
    banner: {},
    platform: 'browser',
    target: 'es2022',
    sourcemap: false,
    entryPoints: [join(root, 'console', 'main.ts'), join(root, 'console', 'style.css')],
    outdir: out,
    metafile: true,
  });
  await copyFile(join(root, 'console', 'index.html'), join(out, 'index.html'));
  const notices = await noticesOf(root, Object.keys(metafile.inputs));
  await writeFile(join(out, 'THIRD-PARTY-NOTICES.txt'), notices);
}

if (import.meta.main) {
  for (const { name, bytes } of await build()) console.log(`${name}: ${(bytes / 1000).toFixed(0)} kB`);
}
