import type * as z from 'zod';
import { UnreadableItem } from '../../domain/errors.ts';
import type { Item } from '../attributes.ts';

/*
 * Items outlive the code that wrote them: a call's record 30 days. So each carries the version of its shape, and is
 * read through a schema. Items without a version were written before there was one, and have the shape of version 1.
 */

/** The version of the items that this code writes, and the newest that it reads. */
export const itemVersion = 1;

/**
 * @param schema of the item's attributes; those that it does not name are left out
 * @returns a function that reads an item. @throws (the function) UnreadableItem naming the item's key and what is wrong
 */
export function itemReader<T>(schema: z.ZodType<T>): (item: Item) => T {
  return (item) => {
    const version = item.v ?? 1;
    if (typeof version !== 'number' || version > itemVersion) {
      throw new UnreadableItem(
        String(item.pk),
        `has version ${String(version)}, this code reads ${itemVersion}`,
      );
    }
    const parsed = schema.safeParse(item);
    if (parsed.success) return parsed.data;
    // What is wrong and where, but not the values: they may hold what no log should.
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new UnreadableItem(String(item.pk), issues.join('; '));
  };
}

/**
 * Reads a list of items, of which one that cannot be read must not hide the others.
 * @param read e.g. what `itemReader` gives
 * @param unreadable told of each that cannot be read
 */
export function readEach<T>(
  items: readonly Item[],
  read: (item: Item) => T,
  unreadable: (error: UnreadableItem) => void,
): T[] {
  return items.flatMap((item) => {
    try {
      return [read(item)];
    } catch (error) {
      if (!(error instanceof UnreadableItem)) throw error;
      unreadable(error);
      return [];
    }
  });
}
