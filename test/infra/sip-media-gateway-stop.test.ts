import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { sipMediaGwStart } from '../../infra/gateways/sip-media-gateway.ts';

/* What the start script of SIPMediaGW does when ECS stops its task. That the real one then ends with 0 the lab shows. */

const script = sipMediaGwStart({ launchType: 'ec2', mediaAddress: 'private' });
const [stop = ''] = /^stop\(\) \{[\s\S]*?^\}$/m.exec(script) ?? [];

/**
 * @param gateway the process that the container's entrypoint has become
 * @param baresip whether it runs: the exit status of `pgrep`
 * @returns what baresip's console was told, and how the gateway ended
 */
function stopped(gateway: string, baresip: 0 | 1): string[] {
  const world = `
    set -eu
    pgrep() { return ${baresip}; }
    netcat() { sed "s/$/ to $*/" >&2; }
    (exec -a ${gateway} sleep 1) & gateway=$!
    until tr '\\0' ' ' < /proc/$gateway/cmdline | grep -q ^${gateway}; do sleep 0.01; done
    ${stop}
    stop
    wait $gateway && echo ended by itself >&2 || echo ended by a signal >&2`;
  return spawnSync('bash', ['-c', world], { encoding: 'utf8' }).stderr.trim().split('\n');
}

it('baresip is told to quit, and its handler is not hurt', () => {
  expect(stopped('event_handler', 0)).toEqual(['/quit to -q 1 127.0.0.1 5555', 'ended by itself']);
});

it('where baresip has quit, its handler is about to end, and is left alone', () => {
  expect(stopped('event_handler', 1)).toEqual(['ended by itself']);
});

it('before there is either, the entrypoint is told', () => {
  expect(stopped('entrypoint', 1)).toEqual(['ended by a signal']);
});
