import type { ScreenProps } from '../app';
import { flow, utc } from '../model';
import { Legend, Record, VerdictChip } from '../parts';
import { link } from '../route';
import { MatrixGrid } from './matrix_grid';

function Tile({ number, word, note, look, to }: { number: number; word: string; note?: string; look: string; to?: string }) {
  const body = (
    <>
      <span class="number">{number.toLocaleString('en')}</span>
      <span class="word"><span class={`tile v-${look}`} aria-hidden="true" />{word}</span>
      {note && <span class="note">{note}</span>}
    </>
  );
  return to && number > 0 ? <a class="stat" href={to}>{body}</a> : <div class="stat">{body}</div>;
}

export function Summary({ report, printing }: ScreenProps) {
  const { summary, run, not_tested } = report;
  const by = (result: string) => link('findings', { result });
  return (
    <>
      <p class={not_tested.items.length > 0 ? 'untested' : 'untested all'}>
        {not_tested.sentence}{' '}
        {not_tested.items.length > 0 && <a href={link('limitations')}>Each with its reason</a>}
      </p>
      <h1 class="sentence">{summary.sentence}</h1>
      <div class="stats">
        <Tile number={summary.violations} word="violations" note="denied, but reachable" look="violation" to={by('violation')} />
        <Tile number={summary.broken} word="broken" note="required, but not open" look="broken" to={by('broken')} />
        <Tile number={summary.unproven} word="unproven" note={summary.untestable > 0 ? `${summary.untestable} could not be tested` : 'nothing could be concluded'} look="unproven" to={by('unproven')} />
        <Tile number={summary.excepted} word="excepted" note="violations, accepted for a time" look="excepted" to={by('excepted')} />
        <Tile number={summary.passes} word="passed" note={`${summary.proved.toLocaleString('en')} proved, ${summary.corroborated.toLocaleString('en')} corroborated only`} look="blocked" />
        <Tile number={summary.in_use + summary.idle} word="permitted" note={`${summary.in_use} in use, ${summary.idle} idle`} look="in-use" />
      </div>
      <div class="columns">
        <section class="card">
          <h2>Segments <a class="aside" href={link('matrix')}>Open the matrix</a></h2>
          <MatrixGrid names={report.segments} cells={report.segment_cells} view="difference" rows={report.segments.flatMap((name, place) => (report.outside.includes(name) ? [] : [place]))} label="Segments: difference between intent and what was observed" compact
            open={(from, to) => { location.hash = link('matrix', { from: report.segments[from]!, to: report.segments[to]! }); }} />
          <Legend />
        </section>
        <section class="card">
          <h2>Worst first <a class="aside" href={link('findings')}>All findings</a></h2>
          {report.departures.length === 0 && <p>Nothing departs from intent among what was tested.</p>}
          <ol class="worst">
            {report.departures.slice(0, printing ? 20 : 8).map((departure) => (
              <li>
                <VerdictChip check={departure} /> {departure.is_new && <span class="new">new</span>}
                <a href={link('findings', { id: departure.id })}>{flow(departure)}</a>
                <span class="dim">{departure.severity}, rule {departure.rule}, <Record index={departure.verdict_record} /></span>
              </li>
            ))}
          </ol>
        </section>
      </div>
      <section class="card">
        <h2>This run</h2>
        <dl class="facts">
          <div><dt>Scenario</dt><dd>{run.scenario}{run.owner && <span class="dim">, {run.owner}</span>}</dd></div>
          <div><dt>Started by</dt><dd>{run.who || 'nobody said'}{run.why && <span class="dim">: {run.why}</span>}</dd></div>
          <div><dt>From</dt><dd>{utc(run.started)}</dd></div>
          <div><dt>To</dt><dd>{run.finished ? utc(run.finished) : 'never finished'}{run.interrupted && <span class="dim"> (ended early: {run.interrupted})</span>}</dd></div>
          {run.change && <div><dt>After the change</dt><dd>{run.change}</dd></div>}
          {run.as_of !== run.started && <div><dt>Scenario as of</dt><dd>{utc(run.as_of)}</dd></div>}
          <div><dt>Tries on the wire</dt><dd>{report.scope.attempts.toLocaleString('en')}</dd></div>
          <div><dt>Probes</dt><dd>{run.probes.length}, of them {run.probes.filter((probe) => probe.can_capture).length} that can witness</dd></div>
          <div><dt>What a pass needs</dt><dd>{run.require_proved ? 'a proof' : 'a proof, or corroboration'}</dd></div>
          <div><dt>Software</dt><dd>{run.software}, judge {run.judge_version}</dd></div>
          <div class="wide"><dt>Scenario SHA-256</dt><dd><code>{run.scenario_sha256}</code> {run.scenario_file}</dd></div>
          <div class="wide"><dt>Inventory SHA-256</dt><dd><code>{run.inventory_sha256}</code> {run.inventory_file}</dd></div>
          <div class="wide"><dt>Evidence</dt><dd>records {run.first_record} to {run.end_record - 1}. <a href={link('evidence')}>Check them here</a></dd></div>
        </dl>
      </section>
    </>
  );
}
