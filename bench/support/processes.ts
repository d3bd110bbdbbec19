import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of a second in /proc/{pid}/stat (sysconf(_SC_CLK_TCK): 100 on every Linux that Node runs on). */
const ticksPerSec = 100;

interface Process {
  pid: number;
  parent: number;
  name: string;
  residentMb: number;
  /** User and system time, and that of children that have ended. */
  cpuMs: number;
}

/** Resident memory of a process and all its descendants (/proc, Linux), by what they are, in MB. */
export function memoryMb(rootPid: number): Record<string, number> {
  return sumByName(rootPid, ({ residentMb }) => residentMb);
}

/** CPU time that a process and all its descendants have used so far, by what they are, in ms. */
export function cpuMs(rootPid: number): Record<string, number> {
  return sumByName(rootPid, (one) => one.cpuMs);
}

/** @returns the process and all its descendants */
function familyOf(rootPid: number): Process[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const family = new Set([rootPid]);
  for (let grown = true; grown; ) {
    const children = processes.filter((one) => family.has(one.parent) && !family.has(one.pid));
    for (const { pid } of children) family.add(pid);
    grown = children.length > 0;
  }
  return processes.filter(({ pid }) => family.has(pid));
}

/** @returns the process ids of those descendants whose command line and environment (/proc) hold this text */
export function pidsWith(rootPid: number, text: string): number[] {
  return familyOf(rootPid)
    .map(({ pid }) => pid)
    .filter(
      (pid) => pid !== rootPid && ['cmdline', 'environ'].some((file) => textOf(pid, file).includes(text)),
    );
}

function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function sumByName(rootPid: number, of: (one: Process) => number): Record<string, number> {
  const byName: Record<string, number> = {};
  for (const one of familyOf(rootPid)) {
    byName[one.name] = Math.round(((byName[one.name] ?? 0) + of(one)) * 10) / 10;
  }
  return byName;
}

/** @returns nothing where the process is gone meanwhile */
function readProcess(pid: number): Process[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return [
      {
        pid,
        parent: field('PPid'),
        name: nameOf(command),
        residentMb: field('VmRSS') / 1024,
        cpuMs: (ticksOf(pid) / ticksPerSec) * 1000,
      },
    ];
  } catch {
    return [];
  }
}

/** Fields 14 to 17 of /proc/{pid}/stat (proc(5)), after the name, which may hold blanks. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
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
