import { join } from 'node:path';
import { Outbox } from '../../../sip-edge/outbox/outbox.ts';
import { FactStore } from '../../../sip-edge/outbox/store.ts';
import { systemClock } from '../../../sip-edge/ports.ts';
import { recordingLog } from './log.ts';

/* Says facts with no bus to take them, `count` times or until it is killed; prints each Call-ID once
 * `publish` has returned, with a remark where an error said that it is in memory only. */

const [stateDir = '', count = 'Infinity'] = process.argv.slice(2);
const deliver = () => new Promise<never>(() => {});
const log = recordingLog();
const outbox = new Outbox({
  openStore: (onLeftOver) => new FactStore(join(stateDir, 'outbox.log'), log, onLeftOver),
  ...{ maxBytes: 1e9, edgeId: 'edge' },
  deliver,
  clock: systemClock,
  log,
});

let number = 0;
function say(): void {
  number += 1;
  const callId = `call-${number}`;
  outbox.publish({ type: 'call.cancelled', callId, gatewayAnswered: false });
  const isKept = !log.lines.some((line) => line.callId === callId && line.event === 'outbox-unwritable');
  const next = () => (number < Number(count) ? setImmediate(say) : process.exit(0));
  process.stdout.write(`${callId}${isKept ? '' : ' in memory'}\n`, next);
}
say();
