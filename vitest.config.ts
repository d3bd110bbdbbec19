import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that need nothing but this process: `npm run test:unit`. test/support/no-sockets.ts holds them to it. */
const unit = [
  'test/aws-client/*.test.ts',
  'test/bench/replay.test.ts',
  'test/infra/{cost,permissions,pool-policy,service,settings,stack,template-rules,watch}.test.ts',
  'test/lab/rules.test.ts',
  'test/lambdas/domain-purity.test.ts',
  'test/lambdas/fleet/policy/*.test.ts',
  'test/local/aws/cloudformation/{changes,template}.test.ts',
  'test/local/aws/events/event-pattern.test.ts',
  'test/local/aws/http/query.test.ts',
  'test/local/aws/iam/{needed,policy}.test.ts',
  'test/local/run/{bounded-logs,options,steps}.test.ts',
  'test/scenarios/files.test.ts',
  'test/sip/**/*.test.ts',
  'test/sip-edge/settings.test.ts',
  'test/sip-edge/health/own-address.test.ts',
  'test/sip-edge/admission/{check,limits,trusted}.test.ts',
  'test/sip-edge/auth/{digest,nonce,replay,response}.test.ts',
  'test/sip-edge/call/{setup/ringback,text}.test.ts',
  'test/sip-edge/control-plane/{keep-warm,flow/*}.test.ts',
  'test/sip-edge/outbox/batch.test.ts',
  'test/sip-edge/registrar/registration.test.ts',
];

export default defineConfig({
  test: {
    // Only what hangs takes as long: longer than a test waits for one thing (test/support/patience.ts), which then says
    // what it waited for.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A test that asserts nothing cannot fail.
    expect: { requireAssertions: true, poll: { timeout: 120_000 } },
    // Two cores, and many tests start a whole process tree: more workers only make each of them wait.
    maxWorkers: 2,
    pool: 'forks',
    projects: [
      { extends: true, test: { name: 'unit', include: unit, setupFiles: ['test/support/no-sockets.ts'] } },
      {
        extends: true,
        test: {
          name: 'machine',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...unit],
        },
      },
    ],
  },
});
