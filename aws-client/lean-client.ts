import { Sha256 } from './sha256.ts';

/** What clients that are used for each call have in common: what the SDK does once, and what it need not do. */
export const leanClient = {
  // The chain of middleware of a command is built once, not for each call: about a tenth of its CPU.
  cacheMiddleware: true,
  // For a logger with `info` and `error`, also one that says nothing, the SDK copies the input and output of each command.
  logger: { debug() {}, warn() {} } as unknown as Console,
  // Another tenth.
  sha256: Sha256,
};
