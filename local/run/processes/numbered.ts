/**
 * The name of what each zone of a run has: a program, a file, an edge.
 * @param zone 1 is the first: that one has no number, as most runs have one zone
 */
export const numbered = (name: string, zone: number): string => (zone === 1 ? name : `${name}-${zone}`);
