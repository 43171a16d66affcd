import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatLoss, formatNumber } from './format.ts';
import { direction, language } from './language/language.ts';
import './loss-chart.css';
import { messages } from './messages.ts';
import { type Chart, lossRange, type Series } from './series.ts';
import { coloursChanged } from './theme.ts';

/** A line with more values than this has no markers, because they would overlap. */
const markedValues = 60;

/** The SVG path of each marker at (x, y) with radius r. uPlot itself draws only circles. */
const outlines: Readonly<Record<Series['marker'], (x: number, y: number, r: number) => string>> = {
  circle: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  square: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
  diamond: (x, y, r) =>
    `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}Z`,
  triangle: (x, y, r) => `M${x} ${y - 1.2 * r}l${1.2 * r} ${2.2 * r}h${-2.4 * r}Z`,
  none: () => '',
};

/** The current colour of a custom property. Its value may be light-dark(), which a canvas does not understand. */
function resolve(host: HTMLElement, property: string): string {
  host.style.color = `var(${property})`;
  // Lines keep their colours where the browser forces those of texts.
  host.style.forcedColorAdjust = 'none';
  const { color } = getComputedStyle(host);
  host.style.color = '';
  host.style.forcedColorAdjust = '';
  return color;
}

/** The range with a margin, so that no line runs along the edge. */
function shownRange(chart: Chart): [number, number] {
  const [low, high] = lossRange(chart);
  const margin = (high - low) / 20;
  return [low - margin, high + margin];
}

function drawMarkers(plot: uPlot, chart: Chart, colours: readonly string[], radius: number): void {
  const [, highest] = shownRange(chart);
  for (const [index, line] of chart.series.entries()) {
    if (line.values.filter((value) => value !== null).length > markedValues) continue;
    plot.ctx.fillStyle = colours[index] ?? '';
    for (const [at, value] of line.values.entries()) {
      const x = chart.x[at];
      if (value === null || x === undefined || value > highest) continue;
      const [left, top] = [plot.valToPos(x, 'x', true), plot.valToPos(value, 'y', true)];
      plot.ctx.fill(new Path2D(outlines[line.marker](left, top, radius * uPlot.pxRatio)));
    }
  }
}

function options(latest: () => Chart, host: HTMLElement, xLabel: string): uPlot.Options {
  const chart = latest();
  // Sizes scale with the root's font size, which grows on large screens.
  const scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const font = `${Math.max(13, Math.round(13 * scale))}px system-ui, sans-serif`;
  const muted = resolve(host, '--muted');
  const line = { stroke: resolve(host, '--line'), width: 1 };
  // Time runs as the page is read.
  const isRightToLeft = direction.value === 'rtl';
  const values: uPlot.Axis.Values = (_, splits) => splits.map(formatNumber);
  const colours = chart.series.map(({ colour }) => resolve(host, colour));
  return {
    width: host.clientWidth,
    height: host.clientHeight,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, dir: isRightToLeft ? -1 : 1 }, y: { range: () => shownRange(latest()) } },
    padding: isRightToLeft ? [10 * scale, 0, 0, 14 * scale] : [10 * scale, 14 * scale, 0, 0],
    axes: [
      {
        stroke: muted,
        font,
        values,
        grid: { show: false },
        ticks: line,
        label: xLabel,
        labelFont: font,
        labelSize: 20 * scale,
        labelGap: 2 * scale,
        size: 28 * scale,
        space: 56 * scale,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000],
      },
      {
        side: isRightToLeft ? 1 : 3,
        stroke: muted,
        font,
        values,
        grid: line,
        ticks: { show: false },
        size: 48 * scale,
        space: 30 * scale,
      },
    ],
    series: [
      {},
      ...chart.series.map((series, index) => ({
        stroke: colours[index] ?? '',
        width: 2 * scale,
        dash: series.dash.map((length) => length * scale),
        spanGaps: true,
        points: { show: false },
      })),
    ],
    hooks: { draw: [(plot) => drawMarkers(plot, latest(), colours, 3.5 * scale)] },
  };
}

/** A description of the chart for screen readers. */
function summary(chart: Chart): string {
  const values = chart.series[0]?.values.filter((value) => value !== null) ?? [];
  return messages.loss.summary(formatLoss(values.at(0) ?? null), formatLoss(values.at(-1) ?? null));
}

function Legend({ chart }: { chart: Chart }) {
  return (
    <ul class="legend">
      {chart.series.map(({ label, colour, dash, marker, values }) => (
        <li key={label}>
          <svg viewBox="0 0 34 14" aria-hidden="true">
            <line
              x1={0}
              x2={34}
              y1={7}
              y2={7}
              stroke={`var(${colour})`}
              stroke-width={2.5}
              stroke-dasharray={dash.join(' ')}
            />
            <path d={outlines[marker](17, 7, 4)} fill={`var(${colour})`} />
          </svg>
          {label} <strong>{formatLoss(values.findLast((value) => value !== null) ?? null)}</strong>
        </li>
      ))}
    </ul>
  );
}

function dataOf(chart: Chart): uPlot.AlignedData {
  return [[...chart.x], ...chart.series.map((line) => [...line.values])];
}

/** A line chart that updates as values arrive, with a legend that shows the latest values as text. */
export function LossChart({ chart, xLabel, empty }: { chart: Chart; xLabel: string; empty: string }) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(chart);
  const plot = useRef<uPlot | null>(null);
  latest.current = chart;
  // New values only update the plot. Other lines or colours create a new one.
  const lines = `${coloursChanged.value} ${language.value} ${chart.x.length > 0} ${chart.series.map(({ label }) => label).join()}`;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const made = new uPlot(
      options(() => latest.current, element, xLabel),
      dataOf(latest.current),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [lines, xLabel]);
  useEffect(() => plot.current?.setData(dataOf(chart)), [chart]);
  return (
    <div class="loss-chart">
      {chart.x.length === 0 ? (
        <p class="empty muted">{empty}</p>
      ) : (
        <>
          <div class="plot" ref={host} role="img" aria-label={summary(chart)} />
          <Legend chart={chart} />
        </>
      )}
    </div>
  );
}
