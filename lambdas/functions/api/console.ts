import { readFile } from 'node:fs/promises';
import type { Hono } from 'hono';
import type { Env } from './routing.ts';

/** What the console is made of, by its path: nothing else is served. */
const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console/main.js': ['main.js', 'text/javascript; charset=utf-8'],
  '/console/style.css': ['style.css', 'text/css; charset=utf-8'],
};

/** The page runs no script but its own, asks nobody but its own API, and stands in no frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/**
 * Serves the console to anybody: it holds nothing but itself, and asks the API by a token that the reader has.
 * @param directory where the built files are
 */
export function serveConsole(app: Hono<Env>, directory: URL): void {
  for (const [path, [file, type]] of Object.entries(files)) {
    app.get(path, async (c) =>
      c.body(await readFile(new URL(file, directory), 'utf8'), 200, {
        'content-type': type,
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': 'no-cache',
      }),
    );
  }
}
