import type { ScreenProps } from '../app';
import { Heading, Some } from '../parts';

const titles: Record<string, string> = {
  run: 'The run', canary: 'Canaries', checks: 'Checks that could not be made', rule: 'Parts of rules', probe: 'Lost probes',
  refusal: 'Refused by probes', endpoints: 'Endpoints beyond the samples', pairs: 'Pairs of segments', scope: 'Protocols and addresses',
};

export function Limitations({ report, printing }: ScreenProps) {
  const { items, sentence } = report.not_tested;
  const kinds = Object.keys(titles).filter((kind) => items.some((item) => item.what === kind));
  return (
    <>
      <Heading title="What this report does not say" />
      <p>{sentence}</p>
      {kinds.map((kind) => {
        const of_kind = items.filter((item) => item.what === kind);
        return (
          <section class="card">
            <h2>{titles[kind]}</h2>
            <ul><Some inside="list" items={of_kind} first={50} all={printing} draw={(item) => <li><strong>{item.subject}</strong>: {item.why}</li>} /></ul>
          </section>
        );
      })}
      <section class="card">
        <h2>What holds for every run</h2>
        <ul>{report.limitations.map((limitation) => <li>{limitation}</li>)}</ul>
      </section>
      <section class="card">
        <h2>To be attached by people</h2>
        <p class="dim">A reviewer looks for these, too. They are outside of what a test can know.</p>
        <ul>{report.to_be_attached.map((words) => <li>{words}</li>)}</ul>
      </section>
    </>
  );
}
