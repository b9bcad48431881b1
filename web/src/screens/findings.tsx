import { useMemo, useState } from 'preact/hooks';
import type { ScreenProps } from '../app';
import type { Departure, Path, Report, Try } from '../model';
import { counted, flow, utc } from '../model';
import { Empty, Heading, Record, Some, VerdictChip } from '../parts';
import { link } from '../route';

function seen_words(attempt: Try): string {
  if (attempt.arrived === undefined) return 'nobody watched';
  if (!attempt.arrived) return 'nothing arrived';
  const answers: Record<string, string> = {
    nothing: 'it arrived, and the host answered nothing', accepted: 'it arrived, and the host accepted it',
    reset: 'it arrived, and the host reset it', 'port-unreachable': 'it arrived, and the host said: port unreachable',
  };
  return answers[attempt.answer ?? ''] ?? `it arrived, and the host answered ${attempt.answer}`;
}

function PathView({ path }: { path: Path }) {
  return (
    <section class="path">
      <h4>{path.vantage} → {path.target} <span class="dim">{path.address} {path.port}{path.variant && `, over ${path.variant}`}</span></h4>
      {path.tries && path.tries.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`Tries from ${path.vantage} to ${path.target}`}>
          <table>
            <thead><tr><th scope="col">Try</th><th scope="col">At (UTC)</th><th scope="col">From</th><th scope="col">Outcome</th><th scope="col">After</th><th scope="col">What the witness saw</th></tr></thead>
            <tbody>
              {path.tries.map((attempt) => (
                <tr>
                  <td>{attempt.number}</td>
                  <td>{attempt.started ? attempt.started.slice(11, 23) : '–'}</td>
                  <td>{attempt.source ? `${attempt.source} port ${attempt.source_port}` : '–'}</td>
                  <td>{attempt.summary}{attempt.asked && <><br />asked: {attempt.asked}</>}</td>
                  <td>{(attempt.elapsed_us / 1000).toFixed(1)} ms</td>
                  <td>{seen_words(attempt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {path.witness && (
        <p class="dim">
          Witness {path.witness}{path.witness_detail && `: ${path.witness_detail}`}. Port at the destination {path.port_state}{path.port_detail && `: ${path.port_detail}`}. Source proven alive: {path.source_proof}.
        </p>
      )}
    </section>
  );
}

function Details({ report, departure }: { report: Report; departure: Departure }) {
  const exception = report.exceptions.find((use) => use.id === departure.exception);
  const controls = departure.controls.map((id) => report.controls.find((control) => control.id === id))
    .map((control, place) => (control?.ref ? `${control.framework} ${control.ref}` : departure.controls[place]));
  return (
    <div class="details">
      <dl class="facts">
        <div class="wide"><dt>Why this verdict</dt><dd>{departure.explanation}{departure.gap && `; not tested: ${departure.gap}`}</dd></div>
        <div class="wide"><dt>Rule {departure.rule}</dt><dd>{departure.why || 'no words were given'} {departure.file && <code>{departure.file}{departure.line ? `:${departure.line}` : ''}</code>}</dd></div>
        <div><dt>Expectation</dt><dd>{departure.expectation}, severity {departure.severity}</dd></div>
        <div><dt>Proof</dt><dd>{departure.proof}; {departure.connected} of {departure.attempts} tries connected</dd></div>
        {departure.finding?.opened && <div><dt>Open since</dt><dd>{utc(departure.finding.opened)}{departure.finding.times_opened > 1 && `, opened ${departure.finding.times_opened} times`}{departure.finding.flapping && ', comes and goes'}</dd></div>}
        {exception && <div class="wide"><dt>Exception {exception.id}</dt><dd>{exception.rationale} <span class="dim">{exception.ticket}, owner {exception.owner}, until {exception.expires}</span></dd></div>}
        {controls.length > 0 && <div><dt>Supports evidence for</dt><dd>{controls.join(', ')}</dd></div>}
        {departure.techniques.length > 0 && <div><dt>Reachability that these need</dt><dd>{departure.techniques.join(', ')}</dd></div>}
        <div><dt>Evidence</dt><dd>plan <Record index={departure.plan_record} />, facts <Record index={departure.observation_record} />, verdict <Record index={departure.verdict_record} /></dd></div>
        {departure.leaf_sha256 && <div class="wide"><dt>Leaf hash of the verdict's record</dt><dd><code>{departure.leaf_sha256}</code></dd></div>}
        <div class="wide"><dt>In a terminal</dt><dd><code>reachproof explain {departure.source} {departure.destination} {departure.port.split('/')[1]}</code></dd></div>
      </dl>
      {departure.paths.map((path) => <PathView path={path} />)}
    </div>
  );
}

function Finding({ report, departure, open }: { report: Report; departure: Departure; open: boolean }) {
  const [is_open, set_open] = useState(open);
  return (
    <details class="finding" open={is_open} onToggle={(event) => set_open((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        <VerdictChip check={departure} />
        <strong>{flow(departure)}</strong>
        {departure.is_new && <span class="new">new</span>}
        <span class="dim">{departure.severity} · rule {departure.rule} · {departure.explanation}</span>
      </summary>
      {is_open && <Details report={report} departure={departure} />}
    </details>
  );
}

const kinds: [string, string][] = [['', 'All'], ['violation', 'Violations'], ['broken', 'Broken'], ['excepted', 'Excepted'], ['unproven', 'Unproven'], ['in-use-noted', 'Noted']];

export function Findings({ report, route, printing }: ScreenProps) {
  const result = printing ? '' : route.query.get('result') ?? '';
  const wanted = printing ? '' : route.query.get('id') ?? '';
  const [search, set_search] = useState('');
  const [by_rule, set_by_rule] = useState(false);
  const counts = useMemo(() => {
    const all = new Map<string, number>([['', report.departures.length]]);
    for (const departure of report.departures) all.set(departure.result, (all.get(departure.result) ?? 0) + 1);
    return all;
  }, [report]);
  const text = search.toLowerCase();
  const kept = report.departures.filter((departure) => (result === '' || departure.result === result) && (wanted === '' || departure.id === wanted)
    && (text === '' || `${departure.id} ${departure.source_segment} ${departure.destination_segment} ${departure.explanation} ${departure.why}`.toLowerCase().includes(text)));
  const rules = by_rule ? [...new Set(kept.map((departure) => departure.rule))] : [];
  const draw = (departure: Departure) => (
    <Finding key={departure.id} report={report} departure={departure} open={departure.id === wanted || (printing && report.departures.length <= 100)} />
  );
  return (
    <>
      <Heading title="What is not as intended">
        <input type="search" placeholder="Search  /" aria-label="Search the findings" value={search} onInput={(event) => set_search(event.currentTarget.value)} />
        <label class="check"><input type="checkbox" checked={by_rule} onChange={() => set_by_rule(!by_rule)} /> by rule</label>
      </Heading>
      <nav class="choices" aria-label="Kind of finding">
        {kinds.filter(([id]) => id === '' || (counts.get(id) ?? 0) > 0).map(([id, word]) => (
          <a class="button" href={link('findings', id === '' ? {} : { result: id })} aria-current={result === id && wanted === '' ? 'true' : undefined}>{word} <span class="dim">{counts.get(id) ?? 0}</span></a>
        ))}
      </nav>
      {wanted !== '' && <p class="trail"><a href={link('findings')}>All findings</a> / {wanted}</p>}
      {kept.length === 0 && <Empty>{report.departures.length === 0 ? 'Nothing departs from intent among what was tested. The limitations say what was not.' : 'No finding fits.'}</Empty>}
      {!by_rule && <Some key={`${result} ${text}`} items={kept} first={50} all={printing} draw={draw} />}
      {by_rule && rules.map((rule) => {
        const of_rule = kept.filter((departure) => departure.rule === rule);
        return (<section class="card"><h2>Rule {rule}: {counted(of_rule.length, 'flow')} <span class="dim">{of_rule[0]!.why}</span></h2><Some items={of_rule} first={20} all={printing} draw={draw} /></section>);
      })}
    </>
  );
}
