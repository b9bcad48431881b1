import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Cell } from '../model';
import { fills, shown } from '../verdict';
import type { GridProps } from './matrix_grid';
import { cell_words, key_of } from './matrix_grid';

const zooms = [3, 5, 8, 12, 18];

function paint(canvas: HTMLCanvasElement, box: HTMLElement, tile: number, at: [number, number], props: GridProps, by_place: Map<number, Cell>) {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const scale = devicePixelRatio || 1;
  const [width, height] = [box.clientWidth, box.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const draw = canvas.getContext('2d');
  if (!draw) return;
  draw.scale(scale, scale);
  draw.clearRect(0, 0, width, height);
  draw.font = `bold ${Math.max(8, tile - 6)}px system-ui, sans-serif`;
  draw.textAlign = 'center';
  draw.textBaseline = 'middle';
  const gap = tile >= 8 ? 1 : 0;
  const count = props.names.length;
  const first_row = Math.floor(box.scrollTop / tile);
  const first_column = Math.floor(box.scrollLeft / tile);
  const last_row = Math.min(count - 1, Math.ceil((box.scrollTop + height) / tile));
  const last_column = Math.min(count - 1, Math.ceil((box.scrollLeft + width) / tile));
  for (let row = first_row; row <= last_row; row += 1) {
    for (let column = first_column; column <= last_column; column += 1) {
      const cell = by_place.get(key_of(row, column));
      if (!cell) continue;
      const look = shown(cell, props.view);
      const [fill, ink] = (fills[look.key] ?? fills.blocked!)[dark];
      const [x, y] = [column * tile - box.scrollLeft, row * tile - box.scrollTop];
      draw.fillStyle = fill;
      draw.fillRect(x, y, tile - gap, tile - gap);
      if (look.key === 'unproven') {
        draw.strokeStyle = ink;
        draw.strokeRect(x + 0.5, y + 0.5, tile - gap - 1, tile - gap - 1);
      }
      if (tile >= 12 && look.text !== '') {
        draw.fillStyle = ink;
        draw.fillText(look.text.slice(0, 2), x + tile / 2, y + tile / 2);
      }
    }
  }
  draw.strokeStyle = dark === 'dark' ? '#fff' : '#000';
  draw.lineWidth = 2;
  draw.strokeRect(at[1] * tile - box.scrollLeft, at[0] * tile - box.scrollTop, tile, tile);
}

/** A matrix of any size: only what is in sight is drawn, and the keys move a cursor in it. */
export function MatrixCanvas(props: GridProps) {
  const { names, cells, view, label, open } = props;
  const by_place = useMemo(() => new Map(cells.map((cell) => [key_of(cell[0], cell[1]), cell])), [cells]);
  const [zoom, set_zoom] = useState(names.length > 200 ? 1 : 3);
  const [at, set_at] = useState<[number, number]>([0, 0]);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const tile = zooms[zoom]!;
  const redraw = () => {
    if (box.current && canvas.current) paint(canvas.current, box.current, tile, at, props, by_place);
  };
  useEffect(() => {
    redraw();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    addEventListener('resize', redraw);
    scheme.addEventListener('change', redraw);
    return () => {
      removeEventListener('resize', redraw);
      scheme.removeEventListener('change', redraw);
    };
  });
  const move_to = (row: number, column: number) => {
    const next: [number, number] = [Math.max(0, Math.min(names.length - 1, row)), Math.max(0, Math.min(names.length - 1, column))];
    set_at(next);
    const frame = box.current;
    if (!frame) return;
    const [y, x] = [next[0] * tile, next[1] * tile];
    if (y < frame.scrollTop || y + tile > frame.scrollTop + frame.clientHeight) frame.scrollTop = y - frame.clientHeight / 2;
    if (x < frame.scrollLeft || x + tile > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = x - frame.clientWidth / 2;
  };
  const pressed = (event: KeyboardEvent) => {
    const far = event.shiftKey ? 10 : 1;
    const steps: Record<string, [number, number]> = { ArrowUp: [-far, 0], ArrowDown: [far, 0], ArrowLeft: [0, -far], ArrowRight: [0, far] };
    const step = steps[event.key];
    if (step) {
      event.preventDefault();
      move_to(at[0] + step[0], at[1] + step[1]);
    } else if (event.key === 'Enter') {
      open(at[0], at[1]);
    }
  };
  const place_of = (event: MouseEvent): [number, number] | null => {
    const frame = box.current;
    if (!frame) return null;
    const edge = frame.getBoundingClientRect();
    const row = Math.floor((event.clientY - edge.top - frame.clientTop + frame.scrollTop) / tile);
    const column = Math.floor((event.clientX - edge.left - frame.clientLeft + frame.scrollLeft) / tile);
    return row < names.length && column < names.length ? [row, column] : null;
  };
  return (
    <div>
      <p class="under">
        <button type="button" disabled={zoom === 0} onClick={() => set_zoom(zoom - 1)}>Smaller</button>{' '}
        <button type="button" disabled={zoom === zooms.length - 1} onClick={() => set_zoom(zoom + 1)}>Larger</button>{' '}
        <span role="status">{cell_words(names, by_place.get(key_of(at[0], at[1])), at[0], at[1], view)}</span>
      </p>
      <div ref={box} class="canvas-box" tabIndex={0} role="application" aria-label={`${label}. Arrow keys move, Enter opens; the list below says the same.`}
        onScroll={redraw} onKeyDown={pressed}
        onMouseMove={(event) => { const place = place_of(event); if (place && (place[0] !== at[0] || place[1] !== at[1])) set_at(place); }}
        onClick={(event) => { const place = place_of(event); if (place) open(place[0], place[1]); }}>
        <canvas ref={canvas} aria-hidden="true" />
        <svg class="spacer" width={names.length * tile} height={names.length * tile} aria-hidden="true" />
      </div>
    </div>
  );
}
