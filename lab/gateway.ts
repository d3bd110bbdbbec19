import { join } from 'node:path';
import type { Command } from '../local/aws/ecs/task-process.ts';
import { gatewayCommand } from '../local/run/gateways.ts';
import { inNamespace } from './network/commands.ts';
import type { ContainerDefinition } from './task/definition.ts';

/** WORKDIR and ENV of SIPMediaGW's image, which its root directory does not tell. */
const image = {
  directory: '/var',
  path: '/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

/** @returns our sample gateway, where it is called in a namespace */
export function sampleGateway(namespace: string, imageDirectory: string): Command {
  const { file, args } = gatewayCommand('auto', imageDirectory);
  return commandOf(inNamespace(namespace, [file, ...args]));
}

/** @returns the container of a task definition, with its own entry point, on the root directory of its image */
export function imageGateway(
  namespace: string,
  { entryPoint, command }: ContainerDefinition,
  imageRoot: string,
): Command {
  // The directory for files of whoever runs the lab is not in the image.
  const environment = [
    'env',
    '--unset=TMPDIR',
    `--chdir=${image.directory}`,
    `PATH=${image.path}`,
    'HOME=/root',
  ];
  const inRoot = ['sh', join(import.meta.dirname, 'task/image-root.sh'), imageRoot];
  return commandOf(inNamespace(namespace, [...inRoot, ...environment, ...entryPoint, ...command]));
}

const commandOf = ([file = '', ...args]: readonly string[]): Command => ({ file, args });
