import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../html.ts';
import { locale } from '../words.ts';

/* A table that a screen reader can walk, a phone can scroll, and anybody can sort. */

export interface Column<T> {
  /** Empty where the column needs none. */
  head: string;
  cell: (row: T) => ComponentChildren;
  /** What it is sorted by; without it the column is not sorted. */
  by?: (row: T) => string | number | undefined;
  /** For a date with its time. */
  isWide?: true;
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

const { compare } = new Intl.Collator(locale);

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

/** A column is no narrower: one that holds a letter a line nobody reads. */
const columnRem = 7;
/** So many rows are all in the page: they can be searched, and scroll best so. */
const allUpTo = 250;
/** Of more, those that come and go together. */
const chunkSize = 12;
/** So far beyond what is seen they are there already. */
const nearPx = 600;
/** Until a chunk has been seen, and its height measured. */
const rowHeightPx = 33;

interface ChunkProps<T> extends Omit<TableProps<T>, 'label'> {
  /** Of its first row, 0 for the first of the table. */
  from: number;
  /** Its rows are in the page wherever they are. */
  stays: boolean;
}

/**
 * Rows that are in the page while they are seen, or nearly: a thousand rows are laid out, painted and kept at the cost of a
 * hundred. A row that has the focus stays.
 */
function Chunk<T>({ columns, rows, keyOf, from, stays }: ChunkProps<T>) {
  const place = useRef<HTMLTableSectionElement>(null);
  const [isNear, setNear] = useState(from === 0);
  const heightPx = useRef<number | undefined>(undefined);
  useEffect(() => {
    const section = place.current;
    if (section === null || stays) return undefined;
    const seen = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        if (!entry.isIntersecting) {
          if (section.contains(document.activeElement)) return;
          if (section.childElementCount > 1) heightPx.current = section.offsetHeight;
        }
        setNear(entry.isIntersecting);
      },
      { rootMargin: `${nearPx}px 0px` },
    );
    seen.observe(section);
    return () => seen.disconnect();
  }, [stays]);
  const height = `${heightPx.current ?? rows.length * rowHeightPx}px`;
  return html`<tbody ref=${place}>${
    isNear || stays
      ? rows.map(
          (row, at) =>
            html`<tr key=${keyOf(row)} aria-rowindex=${from + at + 2}>${columns.map(({ cell }) => html`<td>${cell(row)}</td>`)}</tr>`,
        )
      : html`<tr key="away" aria-hidden="true"><td colspan=${columns.length} style=${{ height }}></td></tr>`
  }</tbody>`;
}

/** In the order of its rows, until somebody sorts it. */
export function Table<T>({ label, columns, rows, keyOf }: TableProps<T>) {
  const [order, setOrder] = useState<Order>();
  const by = order && columns[order.column]?.by;
  const shown = by === undefined ? rows : sorted(rows, by, order?.isDown ?? false);
  const chunks = Array.from({ length: Math.ceil(shown.length / chunkSize) }, (_, n) => n * chunkSize);
  const sortBy = (column: number) =>
    setOrder((last) => ({ column, isDown: last?.column === column && !last.isDown }));
  const head = (one: Column<T>, at: number) => {
    if (one.by === undefined) return html`<th scope="col">${one.head}</th>`;
    const way = order?.column === at ? (order.isDown ? 'descending' : 'ascending') : undefined;
    return html`<th scope="col" aria-sort=${way}><button type="button" onClick=${() => sortBy(at)}>${one.head}</button></th>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table class="rows" aria-rowcount=${rows.length + 1} style=${{ minWidth: `${columns.length * columnRem}rem` }}>
      <colgroup>${columns.map(({ isWide }) => html`<col class=${isWide ? 'wide' : ''} />`)}</colgroup>
      <thead><tr aria-rowindex="1">${columns.map(head)}</tr></thead>
      ${chunks.map((from) => html`<${Chunk} key=${from} columns=${columns} rows=${shown.slice(from, from + chunkSize)} keyOf=${keyOf} from=${from} stays=${rows.length <= allUpTo} />`)}
    </table>
  </div>`;
}
