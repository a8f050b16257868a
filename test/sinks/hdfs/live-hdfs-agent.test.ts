/**
 * Agent, NameNode and DataNode are killed at random moments while events flow: every acknowledged event
 * stands in a finished file, all files can be read to their ends, and nothing is left in use.
 */
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { FAST_FAILURES, HdfsCluster } from '../../peers/hdfs/cluster.ts';
import { readCompressedFiles, readSequenceFiles } from '../../peers/seqfile/index.ts';
import { AgentOnHdfs, REPEATED_A_KILL_MAX } from './agent-on-hdfs.ts';

const KILLS = Number(process.env.MILLRACE_CRASHES ?? 4);
const LIFE_MS_MAX = 60_000;

const VICTIMS = ['agent', 'dataNode', 'agent', 'nameNode'] as const;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function killAndStart(
  victim: (typeof VICTIMS)[number],
  agent: AgentOnHdfs,
  cluster: HdfsCluster,
): Promise<void> {
  if (victim === 'agent') {
    await agent.kill();
    return await agent.start();
  }
  await cluster[victim].end();
  await pause(Math.random() * 1500);
  cluster[victim].start();
  await cluster.ready();
}

const linesOf = (text: string) => text.split('\n').slice(0, -1);

const FORMS = {
  DataStream: {
    options: { 'hdfs.fileType': 'DataStream' },
    read: (files: readonly string[]) => files.map((file) => linesOf(readFileSync(file, 'utf8'))),
  },
  SequenceFile: {
    options: { 'hdfs.fileType': 'SequenceFile' },
    read: (files: readonly string[]) =>
      readSequenceFiles(files).map(({ records }) => records.map(({ value }) => value.toString())),
  },
  gzip: {
    options: { 'hdfs.fileType': 'CompressedStream', 'hdfs.codeC': 'gzip' },
    read: (files: readonly string[]) => readCompressedFiles(files).map((text) => linesOf(text.toString())),
  },
} as const;

describe('an agent with a file channel before a real HDFS', {
  timeout: 300_000 + KILLS * LIFE_MS_MAX,
}, () => {
  let cluster: HdfsCluster;
  before(async () => {
    cluster = await HdfsCluster.start({ hdfs: FAST_FAILURES });
  });
  after(() => cluster?.remove());

  for (const [form, { options, read }] of Object.entries(FORMS)) {
    test(`${form}: the agent is killed ${KILLS} times at random moments`, async (t) => {
      const agent = new AgentOnHdfs(t, cluster, `agent-${form}`, options);
      await agent.start();
      agent.feed(2);
      for (let kill = 0; kill < KILLS; kill++) {
        await agent.untilMore(500);
        await pause(Math.random() * 1500);
        await agent.kill();
        await agent.start();
      }
      await agent.untilMore(1000);
      await agent.finish(read, KILLS * REPEATED_A_KILL_MAX);
    });
  }

  test(`exactly-once: agent, NameNode and DataNode are killed in turn, ${KILLS} times at random moments`, async (t) => {
    const { options, read } = FORMS.DataStream;
    const agent = new AgentOnHdfs(t, cluster, 'agent-once', { ...options, 'hdfs.delivery': 'exactly-once' });
    await agent.start();
    agent.feed(2);
    for (let kill = 0; kill < KILLS; kill++) {
      await agent.untilMore(500);
      await pause(Math.random() * 1500);
      await killAndStart(VICTIMS[kill % VICTIMS.length]!, agent, cluster);
    }
    await agent.untilMore(1000);
    await agent.finish(read, 0);
  });

  for (const daemon of ['dataNode', 'nameNode'] as const) {
    test(`${daemon} is killed and comes back, twice; then the agent dies while it is away`, async (t) => {
      const { options, read } = FORMS.SequenceFile;
      const agent = new AgentOnHdfs(t, cluster, `agent-${daemon}`, options);
      await agent.start();
      agent.feed(2);
      for (let kill = 0; kill < 3; kill++) {
        await agent.untilMore(1000);
        await pause(Math.random() * 1000);
        await cluster[daemon].end();
        await agent.untilTrouble(/sink k1 cannot write to hdfs:.*127\.0\.0\.1:\d+/);
        if (kill === 2) {
          await agent.kill();
          await agent.start();
        }
        cluster[daemon].start();
        await cluster.ready();
        await agent.untilWell();
      }
      await agent.untilMore(1000);
      await agent.finish(read, REPEATED_A_KILL_MAX);
    });
  }
});
