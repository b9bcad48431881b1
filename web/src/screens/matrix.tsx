import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ScreenProps } from '../app';
import type { Cell, Report } from '../model';
import { counted } from '../model';
import { Heading, Legend, Record, Some, VerdictChip } from '../parts';
import { link } from '../route';
import type { View } from '../verdict';
import { shown, state_of } from '../verdict';
import { MatrixCanvas } from './matrix_canvas';
import { cell_words, key_of, MatrixGrid } from './matrix_grid';

const table_max = 60;
const views: [View, string][] = [['difference', 'Difference'], ['observed', 'Observed'], ['intended', 'Intended']];

/** Pairs that depart from intent, the worst first: the same as the colours say, to be read. */
function DepartingPairs({ names, cells, open }: { names: string[]; cells: Cell[]; open: (from: number, to: number) => void }) {
  const departing = useMemo(() => cells.filter((cell) => cell[6] + cell[7] + cell[8] > 0)
    .sort((a, b) => shown(a, 'difference').rank - shown(b, 'difference').rank || b[6] - a[6]), [cells]);
  if (departing.length === 0) return <p>No pair departs from intent among what was tested.</p>;
  return (
    <ol class="pairs">
      <Some inside="list" items={departing} first={30} all={false} draw={(cell) => (
        <li><button type="button" class="as-link" onClick={() => open(cell[0], cell[1])}>{cell_words(names, cell, cell[0], cell[1], 'difference')}</button></li>
      )} />
    </ol>
  );
}

function Drawer({ report, pair, close }: { report: Report; pair: { from: number; to: number; cell: Cell | undefined }; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => { dialog.current?.showModal(); }, []);
  const from = report.workloads[pair.from]!.name;
  const to = report.workloads[pair.to]!.name;
  const all = report.checks.length > 0 ? report.checks : report.departures;
  const checks = useMemo(() => all.filter((check) => check.source === from && check.destination === to)
    .sort((a, b) => state_of(a.result, a.reachability, a.proof).rank - state_of(b.result, b.reachability, b.proof).rank), [from, to]);
  const departures = new Set(report.departures.map((departure) => departure.id));
  const cell = pair.cell;
  return (
    <dialog ref={dialog} class="drawer" onClose={close} aria-label={`${from} to ${to}`} onClick={(event) => { if (event.target === dialog.current) dialog.current?.close(); }}>
      <div class="drawer-body">
        <button type="button" class="close" aria-label="Close" onClick={() => dialog.current?.close()}>×</button>
        <h2>{from} → {to}</h2>
        {!cell && <p>No check of this run crosses this pair: nothing is known.</p>}
        {cell && (
          <p>{counted(cell[5], 'check')}: {cell[6]} failing, {cell[7]} unproven, {cell[8]} excepted; {cell[12]} proved, {cell[13]} corroborated.
            {cell[14] !== null && <> Verdicts in <Record index={cell[14]} />{cell[15] !== cell[14] && <> to <Record index={cell[15]} /></>}.</>}</p>
        )}
        {report.checks_left_out > 0 && <p class="dim">Of so large a run only departures are listed; the rest are counts, and stand in the records named.</p>}
        <Some items={checks} first={50} all={false} draw={(check) => (
          <div class="row">
            <VerdictChip check={check} />
            <span><strong>{check.port}{check.layer ? ` ${check.layer}` : ''}</strong> <span class="dim">rule {check.rule}, {check.expectation}; {check.connected} of {check.attempts} tries connected</span></span>
            {departures.has(check.id) && <a href={link('findings', { id: check.id })}>Why</a>}
          </div>
        )} />
        <p class="dim">In a terminal: <code>reachproof explain {from} {to}</code></p>
      </div>
    </dialog>
  );
}

/** Rows: what stands outside every segment begins nothing. */
function workloads_begin(report: Report, by_workload: boolean): number[] {
  const names = by_workload ? report.workloads.map((workload) => workload.name) : report.segments;
  return names.flatMap((name, place) => (report.outside.includes(name) ? [] : [place]));
}

export function Matrix({ report, route, printing }: ScreenProps) {
  const [view, set_view] = useState<View>('difference');
  const [pair, set_pair] = useState<{ from: number; to: number } | null>(null);
  const from = route.query.get('from');
  const to = route.query.get('to');
  const all = route.query.get('by') === 'workload';
  const inside = from !== null && to !== null && !printing;
  const names = useMemo(() => report.workloads.map((workload) => workload.name), [report]);
  const by_place = useMemo(() => new Map(report.workload_cells.map((cell) => [key_of(cell[0], cell[1]), cell])), [report]);
  const of_segment = (segment: string | null) => report.workloads.flatMap((workload, place) => (workload.segment === segment ? [place] : []));
  const open_pair = (source: number, destination: number) => set_pair({ from: source, to: destination });
  const open_segments = (source: number, destination: number) => {
    location.hash = link('matrix', { from: report.segments[source]!, to: report.segments[destination]! });
  };
  const rows = inside ? of_segment(from) : workloads_begin(report, all && !printing);
  const columns = inside ? of_segment(to) : undefined;
  const workloads = inside || (all && !printing);
  const grid_size = inside ? Math.max(rows!.length, columns!.length) : workloads ? names.length : report.segments.length;
  const cells = workloads ? report.workload_cells : report.segment_cells;
  const props = { names: workloads ? names : report.segments, cells, view, open: workloads ? open_pair : open_segments };
  const what = inside ? `Workloads of ${from} to workloads of ${to}` : workloads ? 'All workloads' : 'Segments';
  const listed = inside ? cells.filter((cell) => report.workloads[cell[0]]!.segment === from && report.workloads[cell[1]]!.segment === to) : cells;
  return (
    <>
      <Heading title="Who reaches whom">
        <div class="choices" role="group" aria-label="View">
          {views.map(([id, word]) => (<button type="button" aria-pressed={view === id} onClick={() => set_view(id)}>{word}</button>))}
        </div>
        <div class="choices" role="group" aria-label="Level">
          <a class="button" href={link('matrix')} aria-current={!workloads ? 'true' : undefined}>Segments</a>
          <a class="button" href={link('matrix', { by: 'workload' })} aria-current={workloads && !inside ? 'true' : undefined}>Workloads</a>
        </div>
      </Heading>
      <p class="dim">Sources down, destinations across. A cell shows its worst check; a number counts violations and broken flows.{!workloads && ' A click opens the workloads behind it.'}</p>
      {inside && <p class="trail"><a href={link('matrix')}>Segments</a> / {from} → {to}</p>}
      <section class="card">
        <h2>{what}</h2>
        {grid_size <= table_max || inside
          ? <MatrixGrid key={what} {...props} rows={rows} columns={columns} label={`${what}: ${view}`} />
          : <MatrixCanvas key={what} {...props} label={`${what}: ${view}`} />}
        {view === 'difference' && <Legend />}
        {report.workload_cells_left_out > 0 && workloads && <p class="dim">{counted(report.workload_cells_left_out, 'pair')} of workloads as intended are not drawn: too many. The segments count them.</p>}
      </section>
      <section class="card">
        <h2>Pairs that depart from intent</h2>
        <DepartingPairs names={props.names} cells={listed} open={props.open} />
      </section>
      {pair && <Drawer report={report} pair={{ ...pair, cell: by_place.get(key_of(pair.from, pair.to)) }} close={() => set_pair(null)} />}
    </>
  );
}
