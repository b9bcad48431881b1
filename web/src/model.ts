/** The report as `reachproof report --format json` writes it (reports/report.schema.json). */
export type Result =
  | 'pass' | 'violation' | 'broken' | 'unproven' | 'in-use' | 'in-use-noted' | 'idle' | 'excepted';
export type Reachability = 'open' | 'one-way' | 'latent' | 'blocked' | 'inconclusive';
export type Proof = 'none' | 'corroborated' | 'proved';
export type Severity = 'low' | 'medium' | 'high' | 'critical';
export type Expectation = 'deny' | 'allow' | 'permit';

export interface Tally {
  checks: number; violations: number; broken: number; unproven: number; untestable: number;
  excepted: number; passes: number; proved: number; corroborated: number; in_use: number; idle: number;
}

export interface Check {
  id: string; rule: string; source: string; destination: string; port: string; layer?: string;
  expectation: Expectation; severity: Severity; result: Result; reachability: Reachability;
  proof: Proof; reason: string; detail?: string; connected: number; attempts: number;
  judged: boolean; exception?: string; gap?: string;
  verdict_record: number | null; leaf_sha256?: string;
}

export interface Try {
  number: number; outcome: string; summary: string; elapsed_us: number; started?: string;
  source?: string; source_port?: number; asked?: string; arrived?: boolean; answer?: string;
}

export interface Path {
  vantage: string; target: string; address: string; port: string; variant: string; hostname: string;
  witness?: string; witness_detail?: string; port_state?: string; port_detail?: string;
  source_proof?: string; tries?: Try[];
}

export interface Departure extends Check {
  source_segment: string; destination_segment: string; headline: string; explanation: string;
  why: string; file?: string; line?: number; controls: string[]; techniques: string[];
  is_new: boolean;
  finding: { fingerprint: string; open: boolean; flapping: boolean; times_opened: number; opened?: string } | null;
  plan_record: number | null; observation_record: number | null; paths: Path[];
}

/** from, to, worst result, its reachability, its proof, checks, failing, unproven, excepted, deny,
 * allow or permit, reachable, proved, corroborated, first and last record of the verdicts. */
export type Cell = [
  number, number, Result, Reachability, Proof, number, number, number, number, number, number,
  number, number, number, number | null, number | null,
];

export interface Change {
  id: string; before: Result; before_reachability: Reachability; after: Result; after_reachability: Reachability;
}

export interface EmbeddedRecord {
  index: number; kind: string; recorded_at: string; body: string; leaf_sha256: string; proof: string[];
}

export interface Report {
  not_tested: { sentence: string; items: { what: string; subject: string; why: string }[] };
  summary: Tally & { sentence: string };
  run: {
    id: string; scenario: string; scenario_file: string; scenario_sha256: string;
    inventory_file: string; inventory_sha256: string; started: string; finished: string | null;
    interrupted: string; who: string; why: string; change: string; as_of: string; owner: string; software: string;
    judge_version: number; require_proved: boolean; first_record: number; end_record: number;
    probes: { endpoint: string; host: string; software: string; can_capture: boolean; clock: string; scope: string; lost: string }[];
  };
  baseline: {
    run: string; started: string; opened: Change[]; closed: Change[]; lost_sight: Change[]; unproven: Change[];
    changed: Change[]; added: string[]; removed: string[]; persisting: number;
  } | null;
  history: { run: string; started: string; change: string; finished: boolean; results: Partial<Record<Result, number>> }[];
  scope: { ports: string[]; ipv4: boolean; ipv6: boolean; attempts: number; pairs: number; pairs_tested: number };
  segments: string[];
  outside: string[];
  workloads: { name: string; segment: string }[];
  segment_cells: Cell[];
  workload_cells: Cell[];
  workload_cells_left_out: number;
  departures: Departure[];
  checks: Check[];
  checks_left_out: number;
  rules: {
    id: string; why: string; expectation: Expectation; severity: Severity; file: string;
    line: number; controls: string[]; techniques: string[]; tally: Tally;
  }[];
  exceptions: {
    id: string; checks: string[]; open: number; of?: string; owner?: string; approver?: string;
    rationale?: string; ticket?: string; created?: string; expires?: string; compensating?: string[];
  }[];
  controls: { id: string; framework: string; ref: string; title: string; tally: Tally }[];
  techniques: { id: string; tally: Tally }[];
  evidence: {
    checkpoint: string; checkpoint_size: number; vkey: string; records: EmbeddedRecord[];
    records_left_out: number;
  } | null;
  limitations: string[];
  to_be_attached: string[];
}

export function read_report(): Report {
  const text = document.getElementById('report-data')?.textContent ?? '';
  if (text.trim() === '') throw new Error('This page holds no report: `reachproof report` writes one into it.');
  return JSON.parse(text) as Report;
}

export function flow(check: { source: string; destination: string; port: string; layer?: string }): string {
  return `${check.source} → ${check.destination} ${check.port}${check.layer ? ` ${check.layer}` : ''}`;
}

/** "2026-11-30 02:00:00 UTC" of an RFC 3339 time. */
export function utc(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}
