import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process and all its descendants (/proc, Linux), by what they are, in MB. */
export function memoryMb(rootPid: number): Record<string, number> {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const family = new Set([rootPid]);
  for (let grown = true; grown; ) {
    const children = processes.filter((one) => family.has(one.parent) && !family.has(one.pid));
    for (const { pid } of children) family.add(pid);
    grown = children.length > 0;
  }
  const byName: Record<string, number> = {};
  for (const one of processes.filter(({ pid }) => family.has(pid))) {
    byName[one.name] = Math.round(((byName[one.name] ?? 0) + one.residentMb) * 10) / 10;
  }
  return byName;
}

interface Process {
  pid: number;
  parent: number;
  name: string;
  residentMb: number;
}

/** @returns nothing where the process is gone meanwhile */
function readProcess(pid: number): Process[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return [{ pid, parent: field('PPid'), name: nameOf(command), residentMb: field('VmRSS') / 1024 }];
  } catch {
    return [];
  }
}

function nameOf(command: readonly string[]): string {
  const line = command.join(' ');
  if (line.includes('local/main.ts')) return 'run (AWS endpoints, functions)';
  if (line.includes('local/sip-server')) return 'SIP server';
  if (line.includes('drachtio')) return 'drachtio';
  if (line.includes('sip-edge')) return 'edge';
  if (line.includes('dynoxide')) return 'table';
  return 'other';
}
