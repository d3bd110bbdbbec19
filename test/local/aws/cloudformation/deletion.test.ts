import { UpdateTerminationProtectionCommand } from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';

import { bodyOf, bus, StackSuite } from './support.ts';

/* CloudFormation by the client of the AWS SDK, with templates of a few lines. */

const stacks = new StackSuite();

const secret = (more: object = {}) => ({
  Type: 'AWS::SecretsManager::Secret',
  Properties: { GenerateSecretString: {} },
  ...more,
});

describe('a stack', () => {
  it('that is protected is not deleted until it is no more', async () => {
    await stacks.deploy('protected', bodyOf({ Facts: bus('safe') }));
    const protect = (EnableTerminationProtection: boolean) =>
      stacks.client.send(
        new UpdateTerminationProtectionCommand({ StackName: 'protected', EnableTerminationProtection }),
      );
    await protect(true);
    await expect(stacks.delete('protected')).rejects.toThrow(/TerminationProtection is enabled/);
    expect(stacks.takesEvents('safe')).toBe(true);
    await protect(false);
    await stacks.delete('protected');
    await stacks.isGone('protected');
    expect(stacks.takesEvents('safe')).toBe(false);
  });

  it('leaves what its template retains, which the next stack of its name takes over', async () => {
    const body = bodyOf({ Kept: secret({ DeletionPolicy: 'Retain' }), Lost: secret() });
    const { StackId = '' } = await stacks.deploy('kept', body);
    const idOf = (name: string) => `kept-${name}`;
    const { SecretString } = stacks.cloud.secrets.getSecretValue({ SecretId: idOf('Kept') });
    await stacks.delete('kept');
    expect(await stacks.settled(StackId)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await stacks.eventsOf(StackId)).toEqual(
      expect.arrayContaining(['Secret Kept DELETE_SKIPPED', 'Secret Lost DELETE_COMPLETE']),
    );
    expect(stacks.cloud.secrets.getSecretValue({ SecretId: idOf('Kept') })).toMatchObject({ SecretString });
    expect(() => stacks.cloud.secrets.getSecretValue({ SecretId: idOf('Lost') })).toThrow(/can't find/);

    await stacks.deploy('kept', body);
    expect(stacks.cloud.secrets.getSecretValue({ SecretId: idOf('Kept') })).toMatchObject({ SecretString });
  });
});
