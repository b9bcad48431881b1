import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Cell } from '../model';
import { counted } from '../model';
import type { View } from '../verdict';
import { shown } from '../verdict';

export interface GridProps {
  names: string[];
  cells: Cell[];
  view: View;
  label: string;
  compact?: boolean;
  /** Which of the names are rows and columns; all where left out. */
  rows?: number[];
  columns?: number[];
  open: (from: number, to: number) => void;
}

export const key_of = (from: number, to: number) => from * 1_000_003 + to;

export function cell_words(names: string[], cell: Cell | undefined, from: number, to: number, view: View): string {
  const pair = `${names[from]} to ${names[to]}`;
  if (!cell) return `${pair}: not tested`;
  return `${pair}: ${shown(cell, view).words}; ${counted(cell[5], 'check')}`;
}

/** A matrix as a table that keys move in; for up to some sixty rows. */
export function MatrixGrid({ names, cells, view, label, compact, rows, columns, open }: GridProps) {
  const lines = rows ?? names.map((_, place) => place);
  const across = columns ?? names.map((_, place) => place);
  const by_place = useMemo(() => new Map(cells.map((cell) => [key_of(cell[0], cell[1]), cell])), [cells]);
  const [at, set_at] = useState<[number, number]>([0, 0]);
  const table = useRef<HTMLTableElement>(null);
  // Where the keys went; the cell there takes the focus once it is drawn as the one in the tab order.
  const wanted = useRef<[number, number] | null>(null);
  useEffect(() => {
    if (wanted.current?.[0] !== at[0] || wanted.current[1] !== at[1]) return;
    wanted.current = null;
    table.current?.querySelector<HTMLElement>('td[tabindex="0"]')?.focus();
  }, [at]);
  const pressed = (event: KeyboardEvent) => {
    const [row, column] = at;
    const step: Record<string, [number, number]> = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, across.length - 1],
    };
    const next = step[event.key];
    if (next) {
      event.preventDefault();
      wanted.current = [Math.max(0, Math.min(lines.length - 1, next[0])), Math.max(0, Math.min(across.length - 1, next[1]))];
      set_at(wanted.current);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      open(lines[row]!, across[column]!);
    }
  };
  if (lines.length === 0 || across.length === 0) return <p class="empty">This run has no checks.</p>;
  return (
    <div class="scroll matrix" role="region" aria-label={`${label}, scrollable`}>
      <table ref={table} role="grid" aria-label={label} class={compact ? 'grid compact' : 'grid'} onKeyDown={pressed}>
        <thead>
          <tr role="row">
            <th role="columnheader" class="corner" scope="col">from <span aria-hidden="true">↓</span> to <span aria-hidden="true">→</span></th>
            {across.map((to) => (<th role="columnheader" scope="col" class="across"><span>{names[to]}</span></th>))}
          </tr>
        </thead>
        <tbody>
          {lines.map((from, row) => (
            <tr role="row">
              <th role="rowheader" scope="row">{names[from]}</th>
              {across.map((to, column) => {
                const cell = by_place.get(key_of(from, to));
                const look = cell && shown(cell, view);
                return (
                  <td role="gridcell" class={`v-${look?.key ?? 'none'}`} tabIndex={row === at[0] && column === at[1] ? 0 : -1}
                    title={cell_words(names, cell, from, to, view)} aria-label={cell_words(names, cell, from, to, view)}
                    onClick={() => { set_at([row, column]); open(from, to); }} onFocus={() => { if (row !== at[0] || column !== at[1]) set_at([row, column]); }}>
                    {look?.text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
