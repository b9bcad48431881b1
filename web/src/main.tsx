import { render } from 'preact';
import { App } from './app';
import { read_report } from './model';
import './styles.css';

const root = document.getElementById('app')!;
try {
  const report = read_report();
  document.title = `${report.run.scenario}, ${report.run.id} · Reachproof`;
  root.textContent = '';
  render(<App report={report} />, root);
} catch (error) {
  root.textContent = error instanceof Error ? error.message : String(error);
}
