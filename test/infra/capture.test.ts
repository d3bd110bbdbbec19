import { expect, it } from 'vitest';
import { synthesize } from './synth.ts';

/* The setting captureServer; what drachtio makes of it is in drachtio-start.test.ts, what gateways do in gateways.test.ts. */

it('has each edge copy its SIP to a capture server, each zone under its own number', () => {
  const idsOf = (captureServer: string) =>
    Object.values(synthesize({ captureServer }).findResources('AWS::ECS::TaskDefinition'))
      .flatMap(({ Properties }) => Properties.ContainerDefinitions)
      .filter(({ Name }) => Name === 'drachtio')
      .map(({ Environment }) => {
        const told = new Map(
          Environment.map((one: { Name: string; Value: unknown }) => [one.Name, one.Value]),
        );
        return [told.get('CAPTURE_SERVER'), told.get('CAPTURE_ID')];
      });
  expect(idsOf('homer.example.org:9060')).toEqual([
    ['homer.example.org:9060', '1'],
    ['homer.example.org:9060', '2'],
  ]);
  expect(idsOf('')).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  for (const wrong of ['homer', 'homer:9', 'homer:99999', '[::1]:9060', 'homer:9060;x']) {
    expect(() => synthesize({ captureServer: wrong }), wrong).toThrow(/captureServer: must be host:port/);
  }
});
