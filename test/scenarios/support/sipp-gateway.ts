import { Sipp } from '../../support/sipp.ts';
import { type Stack, secret } from './stack.ts';

let gatewayNumber = 0;

/** @returns a gateway's username that no other test of this file has */
export function newUsername(): string {
  return `10.0.0.7.mediagw.${++gatewayNumber}`;
}

/** A gateway played by SIPp: registered over a socket, on which its calls then come. */
export class SippGateway {
  readonly username: string;
  readonly sipp: Sipp;

  /** @param scenario name under test/sipp/gateway */
  static async register(
    stack: Stack,
    transport: 'udp' | 'tcp',
    scenario: string,
    username = newUsername(),
  ): Promise<SippGateway> {
    const sipp = await Sipp.start({
      scenario: 'register/registered-200-and-stays',
      outOfCall: `gateway/${scenario}`,
      target: stack.sip,
      transport,
      keys: { domain: stack.domain, user: username },
      credentials: { username, password: secret, uri: stack.domain },
    });
    try {
      await sipp.logged('registered');
    } catch (error) {
      await sipp.kill();
      throw error;
    }
    return new SippGateway(username, sipp);
  }

  private constructor(username: string, sipp: Sipp) {
    this.username = username;
    this.sipp = sipp;
  }

  /** Waits until its call went as its scenario expects. @throws Error with the trace where it did not */
  done(): Promise<void> {
    return this.sipp.logged('done');
  }
}
