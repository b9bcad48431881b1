import { useEffect, useState } from 'preact/hooks';
import type { ScreenProps } from '../app';
import type { EmbeddedRecord, Report } from '../model';
import { counted } from '../model';
import { Empty, Heading, Some } from '../parts';
import type { Bytes, Checkpoint, Signed } from '../proof';
import { bytes_of, from_base64, hex, leaf_hash, parse_checkpoint, parse_key, root_of, same, signed_by } from '../proof';

type Found = 'wait' | 'good' | 'bad' | 'unknown';
interface Outcome { found: Found; words: string }

async function check_record(record: EmbeddedRecord, checkpoint: Checkpoint | null): Promise<Outcome> {
  const leaf = await leaf_hash(bytes_of(record.body));
  if (hex(leaf) !== record.leaf_sha256) return { found: 'bad', words: 'its bytes do not give the leaf hash named' };
  if (!checkpoint) return { found: 'unknown', words: 'the leaf hash fits; no checkpoint covers it yet' };
  const root = await root_of(record.index, checkpoint.size, leaf, record.proof.map(from_base64) as Bytes[]);
  if (!root || !same(root, checkpoint.root)) return { found: 'bad', words: 'its proof does not lead to the signed root' };
  return { found: 'good', words: 'hashed again, and in the signed tree' };
}

const signed_words: Record<Signed, Outcome> = {
  yes: { found: 'good', words: 'The signature is that of this key.' },
  no: { found: 'bad', words: 'The signature does NOT verify: somebody changed the checkpoint.' },
  'other-key': { found: 'bad', words: 'This key did not sign this checkpoint.' },
  cannot: { found: 'unknown', words: 'This browser has no Ed25519: check the signature with openssl, as below.' },
};

function Mark({ outcome }: { outcome: Outcome }) {
  const glyph = { wait: '…', good: '✓', bad: '✗', unknown: '?' }[outcome.found];
  return <><span class={`mark-${outcome.found}`} aria-hidden="true">{glyph}</span> {outcome.words}</>;
}

function KeyCheck({ checkpoint, beside }: { checkpoint: Checkpoint | null; beside: string }) {
  const [given, set_given] = useState('');
  const [outcome, set_outcome] = useState<Outcome>({ found: 'wait', words: 'checking' });
  const text = given.trim() === '' ? beside : given;
  useEffect(() => {
    void (async () => {
      if (!checkpoint) return set_outcome({ found: 'unknown', words: 'Nothing was signed since this run.' });
      const key = await parse_key(text);
      if (!key) return set_outcome({ found: text === '' ? 'unknown' : 'bad', words: text === '' ? 'No key stood beside the evidence: enter yours.' : 'This is no verifier key.' });
      set_outcome(signed_words[await signed_by(checkpoint, key)]);
    })();
  }, [text, checkpoint]);
  return (
    <>
      <p role="status"><Mark outcome={outcome} /></p>
      <label class="field">Verifier key, as it came to you by another way
        <input type="text" value={given} placeholder={beside} spellcheck={false} onInput={(event) => set_given(event.currentTarget.value)} />
      </label>
      {given.trim() === '' && <p class="dim">Until you enter one, the key that stood beside the evidence is used. Whoever can change the evidence can change that key.</p>}
    </>
  );
}

function RecordView({ record, outcome, open }: { record: EmbeddedRecord; outcome: Outcome; open: boolean }) {
  return (
    <details class="finding" id={`record-${record.index}`} open={open}>
      <summary><strong>record {record.index}</strong> <span>{record.kind}</span> <span class="dim">{counted(bytes_of(record.body).length, 'byte')}, kept {record.recorded_at}</span> <span><Mark outcome={outcome} /></span></summary>
      <dl class="facts"><div class="wide"><dt>Leaf hash, SHA-256(0x00, body)</dt><dd><code>{record.leaf_sha256}</code></dd></div></dl>
      <pre tabIndex={0} aria-label={`Body of record ${record.index}`}>{record.body.length > 20_000 ? `${record.body.slice(0, 20_000)}\n… (${record.body.length - 20_000} more characters are in the page)` : record.body}</pre>
    </details>
  );
}

function use_outcomes(report: Report, checkpoint: Checkpoint | null): Map<number, Outcome> {
  const [outcomes, set_outcomes] = useState(new Map<number, Outcome>());
  useEffect(() => {
    void (async () => {
      const found = new Map<number, Outcome>();
      for (const record of report.evidence?.records ?? []) {
        found.set(record.index, crypto.subtle ? await check_record(record, checkpoint) : { found: 'unknown', words: 'this browser hashes only in files and over HTTPS' });
      }
      set_outcomes(found);
    })();
  }, [report, checkpoint]);
  return outcomes;
}

function Commands({ report }: { report: Report }) {
  const index = report.evidence?.records[0]?.index ?? 0;
  return (
    <section class="card">
      <h2>The same without this page</h2>
      <p>With the evidence file, and nothing of Reachproof but its formats, which are published ones (RFC 6962, C2SP signed notes):</p>
      <pre tabIndex={0} aria-label="Commands">{`reachproof evidence verify --key KEY-YOU-WERE-GIVEN      # the whole log
reachproof evidence prove ${index}                              # this record's proof
sqlite3 reachproof.db "select hex(body) from record where idx=${index}" \\
  | xxd -r -p | { printf '\\0'; cat; } | sha256sum         # its leaf hash, by public tools`}</pre>
    </section>
  );
}

export function Evidence({ report, route, printing }: ScreenProps) {
  const evidence = report.evidence;
  const [checkpoint] = useState(() => (evidence && evidence.checkpoint !== '' ? parse_checkpoint(evidence.checkpoint) : null));
  const outcomes = use_outcomes(report, checkpoint);
  const wanted = Number(route.query.get('record') ?? NaN);
  useEffect(() => {
    const element = Number.isNaN(wanted) ? null : document.getElementById(`record-${wanted}`);
    element?.scrollIntoView({ block: 'center' });
  }, [wanted]);
  if (!evidence) return (<><Heading title="Evidence" /><Empty>This report was made without the log: there is nothing to check in it.</Empty></>);
  const bad = [...outcomes.values()].filter((outcome) => outcome.found === 'bad').length;
  const good = [...outcomes.values()].filter((outcome) => outcome.found === 'good').length;
  const waiting = outcomes.size === 0 && evidence.records.length > 0;
  const all: Outcome = waiting ? { found: 'wait', words: 'hashing' }
    : { found: bad > 0 ? 'bad' : good === evidence.records.length ? 'good' : 'unknown', words: `${good} of ${counted(evidence.records.length, 'record')} hashed again and found in the signed tree${bad > 0 ? `; ${bad} do NOT fit` : ''}.` };
  const there = evidence.records.some((record) => record.index === wanted);
  return (
    <>
      <Heading title="Evidence" />
      <p>The records behind the findings stand in this page, as they were hashed. Your browser hashes them again, follows each proof to the root of the tree, and checks who signed that root.</p>
      <section class="card">
        <h2>Records</h2>
        <p role="status" id="records-status"><Mark outcome={all} /></p>
        {evidence.records_left_out > 0 && <p class="dim">{counted(evidence.records_left_out, 'record')} were too large to embed.</p>}
      </section>
      <section class="card" id="signature">
        <h2>Checkpoint</h2>
        <KeyCheck checkpoint={checkpoint} beside={evidence.vkey} />
        {checkpoint && (
          <dl class="facts">
            <div><dt>Log</dt><dd>{checkpoint.origin}</dd></div>
            <div><dt>Records signed</dt><dd>{checkpoint.size.toLocaleString('en')}</dd></div>
            <div class="wide"><dt>Root</dt><dd><code>{hex(checkpoint.root)}</code></dd></div>
          </dl>
        )}
        {checkpoint && <pre tabIndex={0} aria-label="Checkpoint">{evidence.checkpoint}</pre>}
      </section>
      <section class="card">
        <h2>What this does not prove</h2>
        <ul>
          <li>That this page tells what the records say: whoever can write a page can write another. The records above are what counts, and the log holds all of them.</li>
          <li>That no record is missing: only those of the findings are here, with the first and the last of the run. <code>reachproof evidence verify</code> checks all of a log.</li>
          <li>That the checkpoint is the newest, or the only one: compare it with one that you kept elsewhere.</li>
          <li>That what a probe reported was true. A compromised probe or orchestrator can write false records and sign them.</li>
          <li>When something was written: a time stamp of an authority (RFC 3161) does, where there is one.</li>
        </ul>
      </section>
      <Commands report={report} />
      {!Number.isNaN(wanted) && !there && <Empty>Record {wanted} is not embedded here: <code>reachproof evidence show {wanted}</code> prints it.</Empty>}
      <section>
        <h2>Embedded records</h2>
        <Some items={evidence.records} first={Number.isNaN(wanted) ? 40 : 10_000} all={printing} draw={(record) => (
          <RecordView key={record.index} record={record} open={record.index === wanted} outcome={outcomes.get(record.index) ?? { found: 'wait', words: 'hashing' }} />
        )} />
      </section>
    </>
  );
}
