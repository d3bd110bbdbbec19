import { type Check, untilTrue } from './check.ts';

/** What a first deployment must come to. */
export const startChecks: readonly Check[] = [
  {
    name: 'the edges become healthy targets',
    run: ({ services }) => untilTrue('steady services', () => services.every(({ isSteady }) => isSteady)),
  },
  {
    name: 'gateways find the edges by name, and register',
    run: (lab) => {
      const registered = new Set<string>();
      lab.cloud.buses.observe(({ 'detail-type': type, detail }) => {
        if (type === 'gateway.registered') registered.add(String(detail.username));
      });
      lab.cloud.functions.releaseEvents();
      return untilTrue(`${lab.minFree} registered gateways`, () => registered.size >= lab.minFree);
    },
  },
];
