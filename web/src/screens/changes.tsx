import type { ScreenProps } from '../app';
import type { Change, Reachability, Report, Result } from '../model';
import { utc } from '../model';
import { Chip, Empty, Heading, Scroll, Some } from '../parts';
import { link } from '../route';
import { state_of } from '../verdict';

/** How a check ended in one run; by what proof is not compared. */
function Ended({ result, reachability }: { result: Result; reachability: Reachability }) {
  return <Chip state={{ ...state_of(result, reachability, 'proved'), word: `${result}, ${reachability}` }} />;
}

function List({ title, what, changes, all, linked }: { title: string; what: string; changes: Change[]; all: boolean; linked?: boolean }) {
  return (
    <section class="card">
      <h2>{title} <span class="dim">{changes.length}</span></h2>
      <p class="dim">{what}</p>
      <Some items={changes} first={50} all={all} draw={(change) => (
        <div class="row">
          <span class="from-to"><Ended result={change.before} reachability={change.before_reachability} /><span>→</span><Ended result={change.after} reachability={change.after_reachability} /></span>
          {linked ? <a href={link('findings', { id: change.id })}>{change.id}</a> : <span>{change.id}</span>}
        </div>
      )} />
    </section>
  );
}

/** The line of runs: how each ended, as bars, and in words for whoever cannot see them. */
function History({ report }: { report: Report }) {
  const parts: [Result, string][] = [['violation', 'violation'], ['broken', 'broken'], ['excepted', 'excepted'], ['unproven', 'unproven']];
  const sum = (run: Report['history'][number]) => parts.reduce((all, [result]) => all + (run.results[result] ?? 0), 0);
  const most = Math.max(1, ...report.history.map(sum));
  const [width, height] = [26, 120];
  return (
    <section class="card">
      <h2>The last {report.history.length} runs <span class="dim">checks that were not as intended</span></h2>
      <Scroll label="Runs so far">
        <svg class="history" width={report.history.length * width} height={height} aria-hidden="true">
          {report.history.map((run, place) => {
            let y = height;
            return parts.map(([result, look]) => {
              const number = run.results[result] ?? 0;
              const tall = number === 0 ? 0 : Math.max(3, (number / most) * (height - 4));
              y -= tall;
              return number > 0 && <rect class={`f-${look}`} x={place * width + 2} y={y} width={width - 4} height={tall} />;
            });
          })}
        </svg>
        <table>
          <thead><tr><th scope="col">Run</th><th scope="col">Started</th>{parts.map(([result]) => <th scope="col">{result}</th>)}<th scope="col">pass</th></tr></thead>
          <tbody>
            {[...report.history].reverse().map((run) => (
              <tr class={run.finished ? '' : 'never'}>
                <th scope="row">{run.run}{run.run === report.run.id && <span class="dim"> (this one)</span>}{run.change && <span class="dim"> after {run.change}</span>}</th><td>{utc(run.started)}</td>
                {run.finished ? <>{parts.map(([result]) => <td>{run.results[result] ?? 0}</td>)}<td>{run.results.pass ?? 0}</td></> : <td colSpan={5}>never finished</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

export function Changes({ report, printing }: ScreenProps) {
  const change = report.baseline;
  const history = report.history.length > 1 && <History report={report} />;
  if (!change) {
    return (
      <>
        <Heading title="What changed" />
        <Empty>This report compares with no earlier run. <code>reachproof report --baseline previous</code> does.</Empty>
        {history}
      </>
    );
  }
  return (
    <>
      <Heading title="What changed" />
      <p>Since run <strong>{change.run}</strong> of {utc(change.started)}: {change.opened.length} opened, {change.closed.length} closed, {change.lost_sight.length} lost sight of, {change.persisting} persisting.</p>
      {history}
      <List title="Opened" what="Failing now, and not before." changes={change.opened} all={printing} linked />
      <List title="Closed" what="Failing before, and shown not to fail now." changes={change.closed} all={printing} />
      <List title="Lost sight of" what="Failing before, unproven now: not closed." changes={change.lost_sight} all={printing} linked />
      {change.unproven.length > 0 && <List title="Newly unproven" what="Shown before, and not now." changes={change.unproven} all={printing} linked />}
      {change.changed.length > 0 && <List title="Changed otherwise" what="Anything else that differs." changes={change.changed} all={printing} />}
      {change.added.length + change.removed.length > 0 && (
        <section class="card">
          <h2>Checks of one run only</h2>
          <p>{change.added.length} are new in this run, {change.removed.length} are there no more.</p>
          <Some items={[...change.added.map((id) => `added ${id}`), ...change.removed.map((id) => `removed ${id}`)]} first={20} all={printing} draw={(words) => <div class="row"><span>{words}</span></div>} />
        </section>
      )}
    </>
  );
}
