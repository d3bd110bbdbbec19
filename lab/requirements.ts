import { spawnSync } from 'node:child_process';

const programs = ['ip', 'nft', 'unshare', 'sysctl', 'chroot', 'mount'];

/** @returns what the lab needs and this machine lacks, in words; nothing where it can run */
export function missingForLab(): string[] {
  const missing = programs.filter(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status !== 0,
  );
  if (missing.length > 0)
    return [`the programs ${missing.join(', ')} (Debian: apt-get install iproute2 nftables)`];
  if (process.getuid?.() !== 0) return ['root, for namespaces of the network'];
  const tried = spawnSync('unshare', [
    '--net',
    '--mount',
    '--pid',
    '--fork',
    'nft',
    'add',
    'table',
    'ip',
    'x',
  ]);
  return tried.status === 0 ? [] : [`a kernel that allows namespaces and nftables: ${tried.stderr}`.trim()];
}
