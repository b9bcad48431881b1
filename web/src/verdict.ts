import type { Cell, Proof, Reachability, Result } from './model';

/** How a verdict is shown: always a glyph and a word, a fill that colour-blind people tell apart. */
export interface State {
  key: string;
  glyph: string;
  word: string;
  /** Smaller is worse. */
  rank: number;
}

const make = (key: string, glyph: string, word: string, rank: number): State => ({ key, glyph, word, rank });

export const states = {
  violation: make('violation', '!', 'violation: open', 0),
  soft: make('soft', '!?', 'violation: one-way or latent', 1),
  broken: make('broken', '×', 'broken', 2),
  excepted: make('excepted', 'E', 'excepted', 3),
  unproven: make('unproven', '?', 'unproven', 4),
  in_use: make('in-use', '○', 'permitted, in use', 5),
  idle: make('idle', '◦', 'permitted, idle', 6),
  works: make('works', '●', 'works as required', 7),
  corroborated: make('corroborated', '·', 'blocked, corroborated only', 8),
  blocked: make('blocked', '', 'blocked, proved', 9),
  none: make('none', '', 'not tested', 10),
};

export function state_of(result: Result, reachability: Reachability, proof: Proof): State {
  switch (result) {
    case 'violation': return reachability === 'open' ? states.violation : states.soft;
    case 'broken': return states.broken;
    case 'excepted': return states.excepted;
    case 'unproven': return states.unproven;
    case 'in-use':
    case 'in-use-noted': return states.in_use;
    case 'idle': return states.idle;
    case 'pass':
      if (reachability === 'open') return states.works;
      return proof === 'proved' ? states.blocked : states.corroborated;
  }
}

export type View = 'intended' | 'observed' | 'difference';

/** A cell in a view: its look, the few characters in it, and what a screen reader says. */
export interface Shown { key: string; text: string; words: string; rank: number }

export function shown(cell: Cell, view: View): Shown {
  const [, , result, reachability, proof, checks, failing, unproven, , denied, allowed, open] = cell;
  const worst = state_of(result, reachability, proof);
  if (view === 'intended') {
    if (denied > 0 && allowed > 0) return { key: 'mixed', text: `${allowed}`, words: `deny, but for ${allowed} of ${checks}`, rank: 1 };
    return allowed > 0
      ? { key: 'works', text: '●', words: 'may or must work', rank: 0 }
      : { key: 'blocked', text: '', words: 'must be blocked', rank: 2 };
  }
  if (view === 'observed') {
    if (open > 0) return { key: 'works', text: `${open}`, words: `${open} of ${checks} reachable`, rank: 0 };
    return unproven === checks
      ? { key: 'unproven', text: '?', words: 'unproven', rank: 1 }
      : { key: 'blocked', text: '', words: unproven > 0 ? `blocked, ${unproven} unproven` : 'blocked', rank: 2 };
  }
  const text = failing > 1 ? `${worst.glyph}${failing}` : worst.glyph;
  return { key: worst.key, text, words: failing > 0 ? `${worst.word}, ${failing} of ${checks} failing` : worst.word, rank: worst.rank };
}

/** Fill and ink for the canvas; the same as in styles.css. */
export const fills: Record<string, { light: [string, string]; dark: [string, string] }> = {
  violation: { light: ['#d55e00', '#000'], dark: ['#d55e00', '#000'] },
  soft: { light: ['#f0a468', '#000'], dark: ['#f0a468', '#000'] },
  broken: { light: ['#cc79a7', '#000'], dark: ['#cc79a7', '#000'] },
  excepted: { light: ['#f5d76e', '#000'], dark: ['#d8b948', '#000'] },
  unproven: { light: ['#ffffff', '#1c2430'], dark: ['#161b22', '#e6edf3'] },
  'in-use': { light: ['#bfdcee', '#1c2430'], dark: ['#1f4a66', '#e6edf3'] },
  idle: { light: ['#f3f6f8', '#1c2430'], dark: ['#20262e', '#e6edf3'] },
  works: { light: ['#0072b2', '#fff'], dark: ['#2b8ccb', '#000'] },
  mixed: { light: ['#7fb4d6', '#000'], dark: ['#2f6c94', '#fff'] },
  corroborated: { light: ['#e3e6ea', '#1c2430'], dark: ['#2b323b', '#e6edf3'] },
  blocked: { light: ['#e3e6ea', '#1c2430'], dark: ['#2b323b', '#e6edf3'] },
};
