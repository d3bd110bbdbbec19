import { randomUUID } from 'node:crypto';
import { accountId, region } from '../identity.ts';
import type { JsonObject } from '../template.ts';

/** An event as its targets see it ("AWS service events"). */
export interface BusEvent {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: JsonObject;
}

export function newEvent(parts: {
  source: string;
  detailType: string;
  detail: JsonObject;
  resources: string[];
  time?: Date;
}): BusEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': parts.detailType,
    source: parts.source,
    account: accountId,
    // To the second, as EventBridge gives it.
    time: `${(parts.time ?? new Date()).toISOString().slice(0, 19)}Z`,
    region,
    resources: parts.resources,
    detail: parts.detail,
  };
}
