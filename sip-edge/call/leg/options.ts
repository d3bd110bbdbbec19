import { listOf } from '../../../sip/parameters.ts';

/*
 * Option tags (RFC 3261 19.2). Both legs are dialogs of their own: what the two ends do by themselves passes from one to
 * the other, what the edge would have to do it either does or refuses.
 */

/** What needs nothing of an element in between. */
const endToEnd = [
  'answermode',
  'early-session',
  'from-change',
  'histinfo',
  'ice',
  'multiple-refer',
  'norefersub',
  'nosub',
  'sdp-anat',
  'trickle-ice',
] as const;
/** What the edge itself does on a leg: session timers, and of a caller's INVITE reliable provisional answers. */
const ownOptions = ['timer', '100rel'] as const;

const passes: ReadonlySet<string> = new Set(endToEnd);
const taken: ReadonlySet<string> = new Set([...endToEnd, ...ownOptions]);

const optionsOf = (value: string | undefined): string[] => listOf([value ?? '']);

/** @returns whether a header names an option */
export function listsOption(value: string | undefined, option: string): boolean {
  return optionsOf(value).some((one) => one.toLowerCase() === option);
}

/** @returns the options among them that the other leg can keep to, or undefined where there are none */
export function passOptions(value: string | undefined): string | undefined {
  return (
    optionsOf(value)
      .filter((one) => passes.has(one.toLowerCase()))
      .join(', ') || undefined
  );
}

/**
 * @param required values of Require and Proxy-Require
 * @returns what a 420 names in Unsupported (RFC 3261 8.2.2.3), or undefined where all of it is done
 */
export function unsupportedOptions(...required: (string | undefined)[]): string | undefined {
  return (
    required
      .flatMap(optionsOf)
      .filter((one) => !taken.has(one.toLowerCase()))
      .join(', ') || undefined
  );
}
