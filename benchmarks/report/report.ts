/** Measurements as a table, as Markdown and as a small SVG. */
import type { Flow } from '../flows/index.ts';
import type { Measurement } from '../measure.ts';
import { type Spread, short, spreadOf } from '../statistics.ts';

export interface FlowResult {
  readonly flow: Flow;
  readonly seconds: number;
  /**
   * Runs of Millrace and of the other, in the order of the pairs; the second list is empty without
   * `--against`.
   */
  readonly ours: readonly Measurement[];
  readonly theirs: readonly Measurement[];
}

/** Ratio of each pair, and how the ratios lie. */
export function ratios(result: FlowResult): Spread | null {
  if (result.theirs.length === 0) return null;
  return spreadOf(result.ours.map((one, i) => one.eventsPerSecond / result.theirs[i]!.eventsPerSecond));
}

function row(name: string, flow: Flow, runs: readonly Measurement[]): string {
  const rate = spreadOf(runs.map((run) => run.eventsPerSecond));
  const megabytes = (rate.median * flow.eventBytes) / 1e6;
  const cpu = spreadOf(runs.map((run) => run.cpuSecondsPerMillion)).median;
  const peak = spreadOf(runs.map((run) => run.peakBytes)).median / 1e6;
  const start = spreadOf(runs.map((run) => run.startMs)).median / 1000;
  const rates = `${short(rate.median)} (${short(rate.min)} – ${short(rate.max)})`;
  return `| ${name} | ${rates} | ${megabytes.toFixed(0)} | ${cpu.toFixed(2)} | ${peak.toFixed(0)} | ${start.toFixed(2)} |`;
}

export function markdown(results: readonly FlowResult[], machine: string): string {
  const parts = results.map((result) => {
    const { flow, ours, theirs, seconds } = result;
    const ratio = ratios(result);
    const lines = [
      `### ${flow.name}: ${flow.title}`,
      '',
      '| agent | events/s, median (min – max) | MB/s | CPU s per million | peak RSS, MB | start-up, s |',
      '|---|---|---|---|---|---|',
      row('Millrace', flow, ours),
      ...(theirs.length === 0 ? [] : [row('Java Flume 1.11', flow, theirs)]),
      '',
    ];
    if (ratio !== null) {
      const goal = flow.goal === null ? '' : `; goal ${flow.goal}×`;
      lines.push(
        `Ratio: **${ratio.median.toFixed(2)}×** (${ratio.min.toFixed(2)} – ${ratio.max.toFixed(2)} over ${ours.length} pairs)${goal}.`,
        '',
      );
    }
    const against = theirs.length === 0 ? '' : ' --against flume';
    lines.push(`\`npm run bench -- ${flow.name}${against} --pairs ${ours.length} --seconds ${seconds}\``, '');
    return lines.join('\n');
  });
  return `Measured on ${machine}.\n\n${parts.join('\n')}`;
}

const BAR_HEIGHT = 18;
const ROW_HEIGHT = 62;
const LABEL_WIDTH = 130;
const CHART_WIDTH = 420;

export function svg(results: readonly FlowResult[]): string {
  const height = results.length * ROW_HEIGHT + 20;
  const rows = results.map((result, n) => {
    const y = 20 + n * ROW_HEIGHT;
    const bars = [
      { name: 'Millrace', runs: result.ours, colour: '#2b6cb0' },
      { name: 'Java Flume 1.11', runs: result.theirs, colour: '#a0aec0' },
    ].filter((bar) => bar.runs.length > 0);
    const medians = bars.map((bar) => spreadOf(bar.runs.map((run) => run.eventsPerSecond)).median);
    const most = Math.max(...medians);
    const drawn = bars.map((bar, i) => {
      const at = y + 6 + i * (BAR_HEIGHT + 2);
      const width = Math.max(1, (medians[i]! / most) * CHART_WIDTH);
      return (
        `<text x="${LABEL_WIDTH - 6}" y="${at + 13}" text-anchor="end">${bar.name}</text>` +
        `<rect x="${LABEL_WIDTH}" y="${at}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${bar.colour}"/>` +
        `<text x="${LABEL_WIDTH + width + 6}" y="${at + 13}">${short(medians[i]!)}/s</text>`
      );
    });
    return `<text x="0" y="${y}" font-weight="bold">${escapeXml(result.flow.title)}</text>${drawn.join('')}`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LABEL_WIDTH + CHART_WIDTH + 100}" height="${height}" ` +
    `font-family="sans-serif" font-size="12">${rows.join('')}</svg>\n`
  );
}

function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Puts `text` between the markers of a page; the page must have them. */
export function fillMarkers(page: string, name: string, text: string): string {
  const begin = `<!-- ${name}:begin -->`;
  const end = `<!-- ${name}:end -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no markers ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n${text.trim()}\n${page.slice(to)}`;
}
