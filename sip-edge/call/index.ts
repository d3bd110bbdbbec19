export type { CallParts, CallSettings } from './call.ts';
export { CallHandler, createCallHandler } from './handler.ts';
