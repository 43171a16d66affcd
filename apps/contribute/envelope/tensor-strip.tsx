import { useEffect, useRef } from 'preact/hooks';
import { coloursChanged } from '../../ui/theme.ts';
import type { TensorPicture } from './delta-picture.ts';

/** A tensor as cells of colour. The table beside it says the same in numbers. */
export function TensorStrip({ cells, columns }: Pick<TensorPicture, 'cells' | 'columns'>) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = cells.length / columns;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context) return;
    context.clearRect(0, 0, columns, rows);
    context.fillStyle = getComputedStyle(canvas.current).color;
    for (const [cell, level] of cells.entries()) {
      context.globalAlpha = level / 255;
      context.fillRect(cell % columns, Math.floor(cell / columns), 1, 1);
    }
  }, [cells, columns, coloursChanged.value]);
  return (
    <span aria-hidden="true">
      <canvas ref={canvas} width={columns} height={rows} style={{ '--rows': String(rows) }} />
    </span>
  );
}
