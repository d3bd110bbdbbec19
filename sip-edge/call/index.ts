export type { CallSettings } from './call.ts';
export { CallHandler, createCallHandler } from './handler.ts';
