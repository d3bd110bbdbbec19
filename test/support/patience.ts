/**
 * How long a test waits for what must come (ms). No machine is so busy that it takes as long: only what hangs does. How
 * fast things are is measured by bench/, and is no concern of the tests.
 */
export const patienceMs = 120_000;
