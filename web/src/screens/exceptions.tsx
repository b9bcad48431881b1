import type { ScreenProps } from '../app';
import { Empty, Heading, Scroll } from '../parts';
import { link } from '../route';

export function Exceptions({ report }: ScreenProps) {
  const day = report.run.started.slice(0, 10);
  const days_left = (until: string) => Math.round((Date.parse(until) - Date.parse(day)) / 86_400_000);
  return (
    <>
      <Heading title="Exceptions" />
      <p class="dim">A violation that somebody accepted for a time. It is tested every run, shown as it is, and never a pass.</p>
      {report.exceptions.length === 0 && <Empty>The scenario has no exceptions.</Empty>}
      {report.exceptions.length > 0 && (
        <section class="card">
          <Scroll label="Exceptions">
            <table>
              <thead><tr><th scope="col">Exception</th><th scope="col">Lifts</th><th scope="col">Use in this run</th><th scope="col">Owner, approver</th><th scope="col">Why</th><th scope="col">Until</th><th scope="col">Measures</th></tr></thead>
              <tbody>
                {report.exceptions.map((use) => (
                  <tr>
                    <th scope="row">{use.id}</th>
                    <td>{use.of ?? '–'}</td>
                    <td>
                      {use.checks.length === 0 && <strong>unused: no check leans on it</strong>}
                      {use.checks.length > 0 && use.open === 0 && <strong>stale: the path is closed</strong>}
                      {use.open > 0 && <>{use.open} of {use.checks.length} reachable</>}
                      {use.checks.slice(0, 5).map((id) => <><br /><a href={link('findings', { id })}>{id}</a></>)}
                      {use.checks.length > 5 && <><br />and {use.checks.length - 5} more</>}
                    </td>
                    <td>{use.owner ?? '–'}<br />{use.approver ?? ''}</td>
                    <td>{use.rationale ?? '–'}<br /><span class="dim">{use.ticket ?? ''}</span></td>
                    <td>{use.expires ? <>{use.expires}<br /><span class="dim">{days_left(use.expires)} days after the run</span></> : '–'}</td>
                    <td>{(use.compensating ?? []).join(', ') || 'none named'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </section>
      )}
    </>
  );
}
