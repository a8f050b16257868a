import type { ProgressTable } from '../../component/progress.ts';
import type { ComponentStatus } from '../../engine/status.ts';
import { last, type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';

const help = `Shows how a running agent is: each component with its state, why it is not well, and how far it is: files with
position and lag, open buckets with their bytes. The agent must run with -Dflume.monitoring.type=http.

usage: millrace status [--host HOST] [--port PORT] [--json]

The exit code is 0 when every component is well, 1 when one is not or nobody answers.

examples:
  millrace status
  millrace status --host collector3 --port 34545
  millrace status --json | jq '.components[] | select(.state != "running")'
`;

const HOST_DEFAULT = 'localhost';
/** Flume's default of flume.monitoring.port. */
const PORT_DEFAULT = '41414';
const ANSWER_MS_MAX = 5000;

interface Shown extends ComponentStatus {
  readonly progress?: readonly ProgressTable[];
}

interface Answer {
  readonly agent: string | null;
  readonly components: readonly Shown[];
}

async function run(parsed: ParsedArguments): Promise<number> {
  const host = last(parsed, 'host') ?? HOST_DEFAULT;
  const port = last(parsed, 'port') ?? PORT_DEFAULT;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/status`;
  let text: string;
  let answer: Answer;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    text = await response.text();
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    answer = JSON.parse(text) as Answer;
    if (!Array.isArray(answer.components)) throw new Error('it is no agent of Millrace');
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    complain(
      `Error: ${url}: ${reason} (start the agent with -Dflume.monitoring.type=http -Dflume.monitoring.port=${port})\n`,
    );
    return EXIT.fatal;
  }
  print(parsed.options.has('json') ? `${text}\n` : textOf(answer));
  return answer.components.every(({ state }) => state === 'running') ? EXIT.ok : EXIT.fatal;
}

function textOf({ agent, components }: Answer): string {
  if (agent === null) return 'no agent runs there yet\n';
  const heads = components.map(({ kind, name, state, reason, restarts }) => [
    `${kind} ${name}`,
    state,
    `${restarts > 0 ? `restarted ${restarts} times` : ''}${restarts > 0 && reason !== null ? '; ' : ''}${reason ?? ''}`,
  ]);
  const lines = aligned(heads);
  const blocks = components.map(({ progress }, n) =>
    [lines[n]!, ...(progress ?? []).flatMap(tableLines)].join('\n'),
  );
  return `agent ${agent}\n${blocks.join('\n')}\n`;
}

function tableLines({ title, rows, omitted }: ProgressTable): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (rows.length === 0) return [`  ${title}: none`];
  const cells = rows.map((row) => columns.map((column) => cell(row[column])));
  const more = omitted > 0 ? [`    … and ${omitted} more`] : [];
  return [`  ${title}:`, ...aligned([columns, ...cells]).map((line) => `    ${line}`), ...more];
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 1 }) : value;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

const options = [
  { name: 'host', value: 'HOST', help: `where the agent runs (default: ${HOST_DEFAULT})` },
  { name: 'port', value: 'PORT', help: `its flume.monitoring.port (default: ${PORT_DEFAULT})` },
  { name: 'json', help: 'the answer as it came' },
  ...SCRIPT_OPTIONS,
];

export default { options, help, run } satisfies Command;
