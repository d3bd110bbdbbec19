import { ChildProcess } from 'node:child_process';
import { Socket as UdpSocket } from 'node:dgram';
import { Server, Socket } from 'node:net';

/* Set-up of the unit tests: one that opens a socket or starts a program fails, and belongs to the others. */

function forbid(prototype: object, method: string, what: string): void {
  Object.defineProperty(prototype, method, {
    value: () => {
      throw new Error(`a unit test ${what}: it does not belong among those of vitest.config.ts`);
    },
  });
}

forbid(Server.prototype, 'listen', 'listens');
forbid(Socket.prototype, 'connect', 'connects');
forbid(UdpSocket.prototype, 'bind', 'binds a UDP port');
forbid(ChildProcess.prototype, 'spawn', 'starts a program');
