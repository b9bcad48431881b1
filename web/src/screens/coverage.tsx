import { useMemo } from 'preact/hooks';
import type { ScreenProps } from '../app';
import { utc, type Tally } from '../model';
import { Heading, Record, Scroll, Some, TallyWords } from '../parts';
import { key_of } from './matrix_grid';

/** How the checks behind something ended, as a bar; the words stand beside it. */
function Share({ tally }: { tally: Tally }) {
  const bad = tally.violations + tally.broken + tally.excepted + tally.unproven + tally.corroborated;
  const parts: [number, string][] = [[tally.violations, 'violation'], [tally.broken, 'broken'], [tally.excepted, 'excepted'],
    [tally.unproven, 'unproven'], [tally.corroborated, 'corroborated'], [tally.checks - bad, 'works']];
  let x = 0;
  const bars = parts.map(([number, look]) => {
    const width = (number / Math.max(1, tally.checks)) * 120;
    x += width;
    return number > 0 && <rect class={`f-${look}`} x={x - width} y={0} width={Math.max(width, 2)} height={8} />;
  });
  return <svg class="share" width="120" height="8" aria-hidden="true">{bars}</svg>;
}

export function Coverage({ report, printing }: ScreenProps) {
  const { scope, segments } = report;
  const by_place = useMemo(() => new Map(report.segment_cells.map((cell) => [key_of(cell[0], cell[1]), cell])), [report]);
  const pairs = useMemo(() => segments.flatMap((_, from) => segments.map((__, to) => ({ from, to, cell: by_place.get(key_of(from, to)) })))
    .filter(({ from, to, cell }) => cell || !(report.outside.includes(segments[from]!) || report.outside.includes(segments[to]!)))
    .sort((a, b) => Number(a.cell !== undefined) - Number(b.cell !== undefined)), [segments]);
  return (
    <>
      <Heading title="What was covered" />
      <dl class="facts card">
        <div><dt>Pairs of segments</dt><dd>{scope.pairs_tested} of {scope.pairs} ordered pairs crossed by a check</dd></div>
        <div><dt>Proven</dt><dd>{(report.summary.checks - report.summary.unproven).toLocaleString('en')} of {report.summary.checks.toLocaleString('en')} checks</dd></div>
        <div><dt>Addresses</dt><dd>{[scope.ipv4 && 'IPv4', scope.ipv6 && 'IPv6'].filter(Boolean).join(' and ') || 'none'}</dd></div>
        <div><dt>Tries on the wire</dt><dd>{scope.attempts.toLocaleString('en')}</dd></div>
        <div class="wide"><dt>Ports tried ({scope.ports.length})</dt><dd class="ports">{scope.ports.slice(0, 300).join(', ')}{scope.ports.length > 300 && ` and ${scope.ports.length - 300} more`}</dd></div>
      </dl>
      <section class="card">
        <h2>By rule</h2>
        <Scroll label="Coverage by rule">
          <table>
            <thead><tr><th scope="col">Rule</th><th scope="col">In words</th><th scope="col">Expects</th><th scope="col">Where</th><th scope="col">Share</th><th scope="col">Outcome</th></tr></thead>
            <tbody><Some inside="table" items={report.rules} first={100} all={printing} draw={(rule) => (
              <tr><th scope="row">{rule.id}</th><td>{rule.why}</td><td>{rule.expectation}</td><td><code>{rule.file}{rule.line > 0 && `:${rule.line}`}</code></td><td><Share tally={rule.tally} /></td><td><TallyWords tally={rule.tally} /></td></tr>
            )} /></tbody>
          </table>
        </Scroll>
      </section>
      <section class="card">
        <h2>By pair of segments <span class="dim">those without a check first</span></h2>
        <Scroll label="Coverage by pair of segments">
          <table>
            <thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Checks</th><th scope="col">Proved</th><th scope="col">Corroborated</th><th scope="col">Unproven</th><th scope="col">Failing</th><th scope="col">Verdicts in</th></tr></thead>
            <tbody><Some inside="table" items={pairs} first={100} all={printing} draw={({ from, to, cell }) => (
              <tr class={cell ? '' : 'never'}>
                <th scope="row">{segments[from]}</th><th scope="row">{segments[to]}</th>
                {cell ? (<><td>{cell[5]}</td><td>{cell[12]}</td><td>{cell[13]}</td><td>{cell[7]}</td><td>{cell[6]}</td>
                  <td>{cell[14] !== null && <><Record index={cell[14]} />{cell[15] !== cell[14] && <> to <Record index={cell[15]} /></>}</>}</td></>)
                  : <td colSpan={6}>no check crosses this pair</td>}
              </tr>
            )} /></tbody>
          </table>
        </Scroll>
      </section>
      <section class="card">
        <h2>From where</h2>
        <p class="dim">A probe tries connections, and where it may capture, witnesses those that arrive. Its clock is held against ours when the run begins.</p>
        <Scroll label="Probes">
          <table>
            <thead><tr><th scope="col">Endpoint</th><th scope="col">Host</th><th scope="col">Software</th><th scope="col">Witness</th><th scope="col">Its clock, at the beginning</th><th scope="col">Scope</th></tr></thead>
            <tbody><Some inside="table" items={report.run.probes} first={50} all={printing} draw={(probe) => (
              <tr><th scope="row">{probe.endpoint}{probe.lost && <><br /><span class="dim">lost: {probe.lost}</span></>}</th><td>{probe.host}</td><td>{probe.software}</td><td>{probe.can_capture ? 'yes' : 'no'}</td><td>{utc(probe.clock)}</td><td>{probe.scope || 'no scope file'}</td></tr>
            )} /></tbody>
          </table>
        </Scroll>
      </section>
      {report.controls.length > 0 && (
        <section class="card">
          <h2>Supports evidence for</h2>
          <p class="dim">What was observed behind each control that rules name. Whether the control is met is for an assessor to say.</p>
          <Scroll label="Controls">
            <table>
              <thead><tr><th scope="col">Framework</th><th scope="col">Control</th><th scope="col">Title</th><th scope="col">Share</th><th scope="col">Outcome</th></tr></thead>
              <tbody>{report.controls.map((control) => (<tr><td>{control.framework || '–'}</td><th scope="row">{control.ref || control.id}</th><td>{control.title}</td><td><Share tally={control.tally} /></td><td><TallyWords tally={control.tally} /></td></tr>))}</tbody>
            </table>
          </Scroll>
        </section>
      )}
      {report.techniques.length > 0 && (
        <section class="card">
          <h2>Reachability that ATT&CK techniques need</h2>
          <p class="dim">Exposure, not execution: nothing was exploited.</p>
          <Scroll label="Techniques">
            <table>
              <thead><tr><th scope="col">Technique</th><th scope="col">Share</th><th scope="col">Outcome</th></tr></thead>
              <tbody>{report.techniques.map((technique) => (<tr><th scope="row">{technique.id}</th><td><Share tally={technique.tally} /></td><td><TallyWords tally={technique.tally} /></td></tr>))}</tbody>
            </table>
          </Scroll>
        </section>
      )}
    </>
  );
}
