import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { confFile, runMillrace } from '../../kit/process.ts';
import { GOOD, goodFile } from '../kit.ts';

const MERMAID = `flowchart LR
  channel_c1[("c1: memory")]
  channel_c2[("c2: memory")]
  source_r1(["r1: netcat (timestamp)"])
  sink_k3["k3: logger"]
  subgraph group_g1["g1: failover"]
    sink_k1["k1: logger"]
    sink_k2["k2: null"]
  end
  source_r1 -->|multiplexing| channel_c1
  source_r1 -->|multiplexing| channel_c2
  channel_c1 --> sink_k1
  channel_c1 --> sink_k2
  channel_c2 --> sink_k3
`;

const DOT = `digraph "a1" {
  rankdir=LR;
  channel_c1 [label="c1: memory", shape=cylinder];
  channel_c2 [label="c2: memory", shape=cylinder];
  source_r1 [label="r1: netcat (timestamp)", shape=oval];
  sink_k1 [label="k1: logger", shape=box];
  sink_k2 [label="k2: null", shape=box];
  sink_k3 [label="k3: logger", shape=box];
  subgraph "cluster_g1" { label="g1: failover"; sink_k1; sink_k2; }
  source_r1 -> channel_c1 [label="multiplexing"];
  source_r1 -> channel_c2 [label="multiplexing"];
  channel_c1 -> sink_k1;
  channel_c1 -> sink_k2;
  channel_c2 -> sink_k3;
}
`;

describe('graph', () => {
  for (const [format, args, expected] of [
    ['Mermaid', [], MERMAID],
    ['Mermaid', ['--format', 'mermaid'], MERMAID],
    ['DOT', ['--format=dot'], DOT],
  ] as const) {
    test(`${args.join(' ')} draws the agent as ${format}`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, ['graph', goodFile(), '-n', 'a1', ...args]);
      assert.deepEqual([ended, stderr], [0, '']);
      assert.equal(stdout, expected);
    });
  }

  test('names that are no words of the drawing’s language stay in the labels, and nodes stay apart', async (t) => {
    const file = confFile(GOOD.replaceAll('k3', 'k-3"x').replaceAll('c2', 'c_2'));
    const { stdout } = await runMillrace(t, ['graph', file]);
    assert.match(stdout, /^ {2}sink_k_2d_3_22_x\["k-3'x: logger"\]$/m);
    assert.match(stdout, /^ {2}channel_c_2 --> sink_k_2d_3_22_x$/m);
  });

  test('of names that differ only in such letters keeps two nodes', async (t) => {
    const file = confFile(GOOD.replaceAll('k1', 'k-1').replaceAll('k2', 'k_1'));
    const { stdout } = await runMillrace(t, ['graph', file]);
    const nodes = [...stdout.matchAll(/^ +(sink_\w+)\[/gm)].map((match) => match[1]);
    assert.equal(new Set(nodes).size, 3);
  });

  test('of what cannot be planned tells the findings on standard error and ends with 78', async (t) => {
    const file = confFile(GOOD.replace('c1.type = memory', 'c1.type = memroy'));
    const { ended, stdout, stderr } = await runMillrace(t, ['graph', file]);
    assert.deepEqual([ended, stdout], [78, '']);
    assert.match(stderr, /flume\.conf:15: error: channel c1: unable to load channel type: memroy/);
  });

  test('in a format that there is not ends with 1', async (t) => {
    const { ended, stderr } = await runMillrace(t, ['graph', goodFile(), '--format', 'svg']);
    assert.deepEqual([ended, stderr], [1, 'Error: --format svg is neither mermaid nor dot\n']);
  });
});
