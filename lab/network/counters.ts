import { inNamespace, run } from './commands.ts';
import { core } from './plan.ts';

/** How many packets the core counted that must not be (`countersOf`). */
export function misledPackets(): { strays: number; detours: number } {
  const list = ['nft', '--json', 'list', 'counters', 'table', 'ip', 'seen'];
  const [file = '', ...args] = inNamespace(core, list);
  const { nftables } = JSON.parse(run(file, args)) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  const of = (name: string) => nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? -1;
  return { strays: of('strays'), detours: of('detours') };
}
