/* A template, as far as its costs are read out of it. */

export type Properties = Record<string, unknown>;

export interface Template {
  Resources: Record<string, { Type: string; Properties?: Properties }>;
}

export interface Row {
  what: string;
  count: number;
  /** USD a month. */
  usd: number;
}

export const resourcesOf = ({ Resources }: Template, type: string) =>
  Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) =>
    Type === type ? [{ id, Properties }] : [],
  );
