import type { RegisterCommand } from '../../../contracts/commands.ts';
import type { Asker } from '../../ports.ts';
import type { Waiting } from './waiting-commands.ts';

/** What a command that waits tells of itself; `since` is when it came. */
export type About = Omit<Waiting, 'since'>;

export function aboutRegister(command: RegisterCommand): About {
  // A client asks for one registration only once at a time (RFC 3261 10.2): the last counts.
  const { username } = command;
  switch (command.command) {
    case 'registerGateway':
      return {
        urgency: command.isKnown ? 'refresh' : 'registration',
        key: `${username} ${command.registrationId}`,
        hasTime: command.isKnown,
      };
    case 'unregisterGateway':
      return { urgency: 'refresh', key: `${username} ${command.registrationId}` };
    case 'listBindings':
      return { urgency: 'registration' };
  }
}

export const aboutCall = ({ isAdmitted, isGone }: Asker): About => ({
  urgency: isAdmitted ? 'admitted' : 'call',
  isGone,
});
