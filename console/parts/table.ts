import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../html.ts';
import { locale } from '../words.ts';

/* A table that a screen reader can walk, a phone can scroll, and anybody can sort. */

export interface Column<T> {
  /** Empty where the column needs none. */
  head: string;
  cell: (row: T) => ComponentChildren;
  /** What it is sorted by; without it the column is not sorted. */
  by?: (row: T) => string | number | undefined;
}

export interface TableProps<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
}

interface Order {
  column: number;
  isDown: boolean;
}

const { compare } = new Intl.Collator(locale, { numeric: true });

/** What has no value stands last, whichever way. */
function sorted<T>(rows: readonly T[], by: (row: T) => string | number | undefined, isDown: boolean): T[] {
  const withValues = rows.map((row) => ({ row, value: by(row) ?? '' }));
  withValues.sort(({ value: a }, { value: b }) => {
    if (a === '' || b === '') return Number(a === '') - Number(b === '');
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : compare(String(a), String(b));
    return isDown ? -order : order;
  });
  return withValues.map(({ row }) => row);
}

/** In the order of its rows, until somebody sorts it. */
export function Table<T>({ label, columns, rows, keyOf }: TableProps<T>) {
  const [order, setOrder] = useState<Order>();
  const by = order && columns[order.column]?.by;
  const shown = by === undefined ? rows : sorted(rows, by, order?.isDown ?? false);
  const sortBy = (column: number) =>
    setOrder((last) => ({ column, isDown: last?.column === column && !last.isDown }));
  const head = (one: Column<T>, at: number) => {
    if (one.by === undefined) return html`<th scope="col">${one.head}</th>`;
    const way = order?.column === at ? (order.isDown ? 'descending' : 'ascending') : undefined;
    return html`<th scope="col" aria-sort=${way}><button type="button" onClick=${() => sortBy(at)}>${one.head}</button></th>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead><tr>${columns.map(head)}</tr></thead>
      <tbody>${shown.map((row) => html`<tr key=${keyOf(row)}>${columns.map(({ cell }) => html`<td>${cell(row)}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}
