import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Check, Tally } from './model';
import { counted } from './model';
import { link } from './route';
import type { State } from './verdict';
import { state_of, states } from './verdict';

export function Chip({ state }: { state: State }) {
  return (
    <span class={`chip v-${state.key}`}>
      <span class="glyph" aria-hidden="true">{state.glyph === '' ? '–' : state.glyph}</span>
      {state.word}
    </span>
  );
}

export function VerdictChip({ check }: { check: Check }) {
  const state = state_of(check.result, check.reachability, check.proof);
  const word = check.result === 'violation' || check.result === 'broken'
    ? `${check.result}: ${check.reachability}` : state.word;
  return <Chip state={{ ...state, word }} />;
}

export function Legend() {
  const shown = [states.violation, states.soft, states.broken, states.excepted, states.unproven, states.works,
    states.in_use, states.idle, states.blocked, states.corroborated];
  return (
    <ul class="legend" aria-label="Legend">
      {shown.map((state) => (<li><span class={`tile v-${state.key}`} aria-hidden="true">{state.glyph}</span>{state.word}</li>))}
      <li><span class="tile v-none" aria-hidden="true" />not tested</li>
    </ul>
  );
}

export function Record({ index }: { index: number | null }) {
  if (index === null) return <>none</>;
  return <a class="record" href={link('evidence', { record: String(index) })}>record {index}</a>;
}

export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  return (<div class="heading"><h1>{title}</h1>{children}</div>);
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** The counts behind a rule, a control or a technique, as words. */
export function TallyWords({ tally }: { tally: Tally }) {
  const parts = [
    tally.violations > 0 && counted(tally.violations, 'violation'),
    tally.broken > 0 && `${tally.broken} broken`,
    tally.excepted > 0 && `${tally.excepted} excepted`,
    tally.unproven > 0 && `${tally.unproven} unproven`,
    tally.passes > 0 && `${tally.passes} passed (${tally.proved} proved)`,
    tally.in_use > 0 && `${tally.in_use} in use`,
    tally.idle > 0 && `${tally.idle} idle`,
  ].filter((part) => part !== false);
  return <>{parts.join(', ')}</>;
}

/** At most so many at first: a page of a hundred thousand rows is read by nobody. */
export function Some<T>({ items, first, all, draw, inside = 'block' }: {
  items: T[]; first: number; all: boolean; draw: (item: T, place: number) => ComponentChildren;
  /** What the rows stand in, so that the note behind them is a row too. */
  inside?: 'block' | 'list' | 'table';
}) {
  const [limit, set_limit] = useState(first);
  const end = all ? Math.max(first, Math.min(items.length, 2000)) : limit;
  const left = items.length - end;
  const rest = (
    <>
      {counted(left, 'more', 'more')}.{' '}
      {!all && <button type="button" onClick={() => set_limit(limit + first * 4)}>Show {Math.min(first * 4, left)} of them</button>}
      {all && 'They stand in the page as it is on a screen, and in the evidence.'}
    </>
  );
  return (
    <>
      {items.slice(0, end).map(draw)}
      {items.length > end && inside === 'block' && <p class="more">{rest}</p>}
      {items.length > end && inside === 'list' && <li class="more">{rest}</li>}
      {items.length > end && inside === 'table' && <tr class="more"><td colSpan={20}>{rest}</td></tr>}
    </>
  );
}

export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return <div class="scroll" tabIndex={0} role="region" aria-label={label}>{children}</div>;
}
