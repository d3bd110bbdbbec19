import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SynthesizedStack } from '../local/aws/assets/assets.ts';
import { arn } from '../local/aws/identity.ts';
import { run } from './network/commands.ts';

const name = 'sip-tls';

/** As the local cloud calls the secret of the stack below. */
export const certificateArn = arn('secretsmanager', `secret:${name}-local0`);

/** The secret that whoever deploys makes before (docs/deploy.md), as a stack of its own. @throws Error without openssl */
export function certificateStack(domain: string): SynthesizedStack {
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-certificate-'));
  const file = (kind: string) => join(dir, `${kind}.pem`);
  try {
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${domain}`];
    run('openssl', [...request, '-keyout', file('key'), '-out', file('certificate')]);
    const [certificate, privateKey] = ['certificate', 'key'].map((kind) => readFileSync(file(kind), 'utf8'));
    const SecretString = JSON.stringify({ certificate, privateKey });
    const Secret = { Type: 'AWS::SecretsManager::Secret', Properties: { Name: name, SecretString } };
    const none = () => {
      throw new Error('a stack without files');
    };
    return {
      name: 'Certificate',
      template: { Resources: { Secret } },
      codeDirectory: none,
      imageDirectory: none,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
