/*
 * Loaded before a process, gives it a system clock that somebody sets: to the next of the offsets (ms) in `CLOCK_OFFSETS`
 * with each SIGUSR2. What does not ask the system's clock is not touched.
 */

const offsets = (process.env.CLOCK_OFFSETS ?? '').split(',').map(Number);
const now = Date.now.bind(Date);
let offset = 0;
Date.now = () => now() + offset;
process.on('SIGUSR2', () => {
  offset = offsets.shift() ?? offset;
  process.stdout.write(`${JSON.stringify({ event: 'clock-set', offset })}\n`);
});
