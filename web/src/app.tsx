import type { FunctionComponent } from 'preact';
import { options } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Report } from './model';
import { utc } from './model';
import type { Route } from './route';
import { link, use_route } from './route';
import { Changes } from './screens/changes';
import { Coverage } from './screens/coverage';
import { Evidence } from './screens/evidence';
import { Exceptions } from './screens/exceptions';
import { Findings } from './screens/findings';
import { Limitations } from './screens/limitations';
import { Matrix } from './screens/matrix';
import { Summary } from './screens/summary';

export interface ScreenProps { report: Report; route: Route; printing: boolean }

interface Screen { id: string; title: string; key: string; show: FunctionComponent<ScreenProps> }

const screens: Screen[] = [
  { id: 'summary', title: 'Summary', key: 's', show: Summary },
  { id: 'matrix', title: 'Matrix', key: 'm', show: Matrix },
  { id: 'findings', title: 'Findings', key: 'f', show: Findings },
  { id: 'changes', title: 'Changes', key: 'c', show: Changes },
  { id: 'coverage', title: 'Coverage', key: 'v', show: Coverage },
  { id: 'exceptions', title: 'Exceptions', key: 'x', show: Exceptions },
  { id: 'limitations', title: 'Limitations', key: 'l', show: Limitations },
  { id: 'evidence', title: 'Evidence', key: 'e', show: Evidence },
];

/** True while the page is being printed: then every screen is there, one below the other. */
function use_printing(route: Route): boolean {
  const [printing, set_printing] = useState(false);
  useEffect(() => {
    const set = (value: boolean) => () => {
      const usual = options.debounceRendering;
      options.debounceRendering = (draw) => draw();
      set_printing(value);
      options.debounceRendering = usual;
    };
    const [before, after] = [set(true), set(false)];
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
    };
  }, []);
  return printing || route.screen === 'print';
}

/** `g` and a letter go to a screen, `/` to the search, `?` shows the keys. */
function use_keys(toggle_help: () => void) {
  const waiting = useRef(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      if (waiting.current) {
        waiting.current = false;
        const wanted = screens.find((screen) => screen.key === event.key);
        if (wanted) location.hash = link(wanted.id);
      } else if (event.key === 'g') {
        waiting.current = true;
      } else if (event.key === '?') {
        toggle_help();
      } else if (event.key === '/') {
        event.preventDefault();
        if (read_screen() !== 'findings') location.hash = link('findings');
        setTimeout(() => document.querySelector<HTMLInputElement>('input[type=search]')?.focus(), 50);
      }
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}

const read_screen = () => location.hash.replace(/^#\/?/, '').split('?')[0];

function Keys({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={close} aria-label="Keys">
      <h2>Keys</h2>
      <dl class="keys">
        {screens.map((screen) => (<div><dt><kbd>g</kbd> <kbd>{screen.key}</kbd></dt><dd>{screen.title}</dd></div>))}
        <div><dt><kbd>/</kbd></dt><dd>Search the findings</dd></div>
        <div><dt><kbd>←</kbd> <kbd>↑</kbd> <kbd>→</kbd> <kbd>↓</kbd></dt><dd>Move in the matrix; <kbd>Enter</kbd> opens a cell</dd></div>
        <div><dt><kbd>Esc</kbd></dt><dd>Close</dd></div>
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>Close</button>
    </dialog>
  );
}

export function App({ report }: { report: Report }) {
  const route = use_route();
  const printing = use_printing(route);
  const [help, set_help] = useState(false);
  const main = useRef<HTMLElement>(null);
  use_keys(() => set_help((open) => !open));
  const current = screens.find((screen) => screen.id === route.screen) ?? screens[0]!;
  useEffect(() => {
    if (location.hash !== '') main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [route.screen]);
  const shown = printing ? screens : [current];
  return (
    <>
      <a class="skip" href={`#/${route.screen}`} onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to the content</a>
      <header class="top">
        <div class="bar">
          <a class="brand" href={link('summary')}><span class="mark" aria-hidden="true" />Reachproof</a>
          <div class="subject">
            <strong>{report.run.scenario}</strong>
            <span class="dim">run {report.run.id} · {utc(report.run.started)}</span>
          </div>
          <button type="button" class="quiet" onClick={() => set_help(true)}>Keys <kbd>?</kbd></button>
        </div>
        <nav aria-label="Screens">
          {screens.map((screen) => (
            <a href={link(screen.id)} aria-current={!printing && screen === current ? 'page' : undefined}>
              {screen.title}
              {screen.id === 'findings' && report.departures.length > 0 && <span class="badge">{report.departures.length}</span>}
            </a>
          ))}
        </nav>
      </header>
      <main ref={main} tabIndex={-1} aria-label={printing ? 'Report' : current.title}>
        {shown.map(({ id, show: Show }) => (
          <section key={id} id={`screen-${id}`} class="screen"><Show report={report} route={route} printing={printing} /></section>
        ))}
      </main>
      <footer>Written by Reachproof from the evidence of one run. This page asks nobody anything: what it shows stands in it.</footer>
      {help && <Keys close={() => set_help(false)} />}
    </>
  );
}
