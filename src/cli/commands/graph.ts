import { findingsText } from '../../config/lint/report.ts';
import type { AgentPlan, GroupUnit, SourceUnit } from '../../config/plan/types.ts';
import type { ParsedArguments } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';
import { PLANNING_OPTIONS, planFrom } from '../planning.ts';

const help = `Draws what an agent would run: sources, channels, sinks and groups.

usage: millrace graph FILE [-n NAME] [--format mermaid|dot]

examples:
  millrace graph job.conf -n a1                       Mermaid, for a README
  millrace graph job.conf -n a1 --format dot | dot -Tsvg > job.svg
`;

interface Node {
  readonly id: string;
  readonly label: string;
  readonly kind: 'source' | 'channel' | 'sink';
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

async function run(parsed: ParsedArguments): Promise<number> {
  const { result, findings } = await planFrom(parsed);
  if (result.plan === null) {
    complain(findingsText(findings, process.stderr.isTTY === true));
    return EXIT.config;
  }
  const format = parsed.options.get('format')?.at(-1) ?? 'mermaid';
  if (format !== 'mermaid' && format !== 'dot') {
    complain(`Error: --format ${format} is neither mermaid nor dot\n`);
    return EXIT.usage;
  }
  const { nodes, edges, groups } = drawing(result.plan);
  print(format === 'dot' ? dot(result.plan.agentName, nodes, edges, groups) : mermaid(nodes, edges, groups));
  return EXIT.ok;
}

function drawing(plan: AgentPlan): { nodes: Node[]; edges: Edge[]; groups: GroupUnit[] } {
  const nodes: Node[] = [];
  const edges: Edge[] = [];
  const groups: GroupUnit[] = [];
  for (const unit of plan.units) {
    if (unit.kind === 'channel') {
      nodes.push({ id: `channel_${unit.name}`, label: `${unit.name}: ${unit.type}`, kind: 'channel' });
    } else if (unit.kind === 'source') {
      nodes.push({ id: `source_${unit.name}`, label: sourceLabel(unit), kind: 'source' });
      const selector = unit.selector.alias === 'replicating' ? '' : unit.selector.alias;
      for (const { name } of unit.channels) {
        edges.push({ from: `source_${unit.name}`, to: `channel_${name}`, label: selector });
      }
    } else {
      if (unit.sinks.length > 1 || unit.processor.alias !== 'default') groups.push(unit);
      for (const sink of unit.sinks) {
        nodes.push({ id: `sink_${sink.name}`, label: `${sink.name}: ${sink.type}`, kind: 'sink' });
        edges.push({ from: `channel_${sink.channel}`, to: `sink_${sink.name}`, label: '' });
      }
    }
  }
  return { nodes, edges, groups };
}

function sourceLabel(unit: SourceUnit): string {
  const interceptors = unit.interceptors.map((one) => one.type);
  return `${unit.name}: ${unit.type}${interceptors.length === 0 ? '' : ` (${interceptors.join(', ')})`}`;
}

/** An identifier of both languages; `k-1` and `k_1` stay two. */
const idOf = (id: string) => id.replace(/\W/gu, (sign) => `_${sign.codePointAt(0)!.toString(16)}_`);
const quoted = (text: string) => `"${text.replaceAll('"', "'")}"`;

function mermaid(nodes: readonly Node[], edges: readonly Edge[], groups: readonly GroupUnit[]): string {
  const shapes = { source: ['([', '])'], channel: ['[(', ')]'], sink: ['[', ']'] } as const;
  const line = (node: Node) =>
    `  ${idOf(node.id)}${shapes[node.kind][0]}${quoted(node.label)}${shapes[node.kind][1]}\n`;
  const grouped = new Set(groups.flatMap((group) => group.sinks.map((sink) => `sink_${sink.name}`)));
  let text = 'flowchart LR\n';
  for (const node of nodes) if (!grouped.has(node.id)) text += line(node);
  for (const group of groups) {
    text += `  subgraph ${idOf(`group_${group.name}`)}[${quoted(`${group.name}: ${group.processor.type}`)}]\n`;
    for (const node of nodes) {
      if (group.sinks.some((sink) => node.id === `sink_${sink.name}`)) text += `  ${line(node)}`;
    }
    text += '  end\n';
  }
  for (const { from, to, label } of edges) {
    text += `  ${idOf(from)} -->${label === '' ? '' : `|${label}|`} ${idOf(to)}\n`;
  }
  return text;
}

function dot(
  name: string,
  nodes: readonly Node[],
  edges: readonly Edge[],
  groups: readonly GroupUnit[],
): string {
  const shapes = { source: 'oval', channel: 'cylinder', sink: 'box' } as const;
  let text = `digraph ${quoted(name)} {\n  rankdir=LR;\n`;
  for (const node of nodes)
    text += `  ${idOf(node.id)} [label=${quoted(node.label)}, shape=${shapes[node.kind]}];\n`;
  for (const group of groups) {
    const members = group.sinks.map((sink) => idOf(`sink_${sink.name}`)).join('; ');
    const label = quoted(`${group.name}: ${group.processor.type}`);
    text += `  subgraph ${quoted(`cluster_${group.name}`)} { label=${label}; ${members}; }\n`;
  }
  for (const { from, to, label } of edges) {
    text += `  ${idOf(from)} -> ${idOf(to)}${label === '' ? '' : ` [label=${quoted(label)}]`};\n`;
  }
  return `${text}}\n`;
}

export default {
  options: [...PLANNING_OPTIONS, { name: 'format', value: 'FORMAT', help: 'mermaid (default) or dot' }],
  help,
  run,
} satisfies Command;
