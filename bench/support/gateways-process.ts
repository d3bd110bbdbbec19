import { SampleGateway } from '../../local/user-agent/gateway/sample-gateway.ts';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import type { GatewaysReport } from './gateways.ts';

/* The process behind gateways.ts: its own, so that its work does not delay what is measured. */

const {
  SIP_HOST = '',
  SIP_PORT = '',
  SIP_DOMAIN = '',
  SIP_SECRET = '',
  COUNT = '0',
  FROM = '0',
  EXPIRES_SEC = '',
} = process.env;

const agent = await UserAgent.open({
  server: { address: SIP_HOST, port: Number(SIP_PORT) },
  protocol: 'udp',
});
const report: GatewaysReport = { registered: 0, live: 0, failures: 0, doubled: 0 };
const there = new Set<string>();

/** One gateway's lives, one after the other: registered, called once, un-REGISTERed. */
async function live(username: string): Promise<void> {
  for (;;) {
    const gateway = new SampleGateway(agent, {
      username,
      domain: SIP_DOMAIN,
      password: SIP_SECRET,
      afterCall: 'stop',
      media: 'none',
      expiresSec: Number(EXPIRES_SEC),
      onRegistered: () => {
        report.registered++;
        there.add(username);
        report.live = there.size;
      },
      onFailure: () => void report.failures++,
      onBusy: () => void report.doubled++,
    });
    await gateway.start().catch(() => {});
    await gateway.ended;
    there.delete(username);
    report.live = there.size;
  }
}

const count = Number(COUNT);
for (let i = 0; i < count; i++) {
  void live(`bench-${Number(FROM) + i}.mediagw.1`);
  // Some hundred registrations at once are another benchmark.
  if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 50));
}
setInterval(() => process.send?.(report), 100);
process.on('disconnect', () => process.exit(0));
