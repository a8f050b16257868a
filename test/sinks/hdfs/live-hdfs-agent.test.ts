/**
 * Agent, NameNode and DataNode are killed at random moments while events flow: every acknowledged event
 * stands in a finished file, all files can be read to their ends, and nothing is left in use.
 */
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { until } from '../../kit/until.ts';
import { FAST_FAILURES, HdfsCluster } from '../../peers/hdfs/cluster.ts';
import { type Daemon, READY_MS } from '../../peers/hdfs/daemon.ts';
import { HaCluster, type NameNodeId } from '../../peers/hdfs/ha.ts';
import { HttpFs } from '../../peers/hdfs/httpfs.ts';
import { readCompressedFiles, readSequenceFiles } from '../../peers/seqfile/index.ts';
import { AgentOnHdfs, type Hdfs, REPEATED_A_KILL_MAX, REPEATED_WHILE_HELD_MAX } from './agent-on-hdfs.ts';

const KILLS = Number(process.env.MILLRACE_CRASHES ?? 4);
const LIFE_MS_MAX = 60_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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
      await agent.finish(read, REPEATED_WHILE_HELD_MAX);
    });
  }
});

/** What a sink that delivers exactly once writes to, and what befalls it in turn with kills of the agent. */
interface Target extends Hdfs {
  readonly faults: readonly ((agent: AgentOnHdfs) => Promise<void>)[];
  remove(): Promise<void>;
}

async function restart(daemon: Daemon, ready: () => Promise<void>): Promise<void> {
  await daemon.end();
  await pause(Math.random() * 1500);
  daemon.start();
  await ready();
}

async function startOne(): Promise<Target> {
  const cluster = await HdfsCluster.start({ hdfs: FAST_FAILURES });
  const { uri, configuration, dataNode, nameNode } = cluster;
  const faults = [dataNode, nameNode].map((daemon) => () => restart(daemon, () => cluster.ready()));
  return { uri, configuration, faults, remove: () => cluster.remove() };
}

/** No new file may be made in one of the directories; the agent is killed meanwhile, too. */
async function startRefusing(): Promise<Target> {
  const cluster = await HdfsCluster.start({ hdfs: FAST_FAILURES });
  const refuse = async (agent: AgentOnHdfs) => {
    await agent.setQuota('b', 1);
    await agent.untilTrouble(/QuotaExceeded.* the events of .*\/b\/.* are held/);
    await agent.untilMore(500);
    await agent.kill();
    await agent.start();
    await agent.untilTrouble(/QuotaExceeded.* the events of .*\/b\/.* are held/);
    await agent.setQuota('b', -1);
  };
  const { uri, configuration } = cluster;
  return { uri, configuration, faults: [refuse], remove: () => cluster.remove() };
}

async function startHttpFs(): Promise<Target> {
  const cluster = await HdfsCluster.start({ hdfs: FAST_FAILURES });
  const gateway = await HttpFs.start(cluster);
  const faults = [() => restart(gateway.daemon, () => gateway.ready())];
  const remove = async () => {
    await gateway.remove();
    await cluster.remove();
  };
  return { uri: gateway.uri, configuration: cluster.configuration, faults, remove };
}

/** The active one is killed; it comes back as the standby of the other. */
async function startPair(): Promise<Target> {
  const cluster = await HaCluster.start(FAST_FAILURES);
  let [active, standby]: [NameNodeId, NameNodeId] = ['nn1', 'nn2'];
  const failOver = async () => {
    await cluster.readyToTakeOver(standby);
    await cluster.nameNodes[active].end();
    await pause(Math.random() * 1500);
    const failedOver = () =>
      cluster.admin('-failover', active, standby).then(
        () => true,
        () => false,
      );
    await until(`${standby} is active`, failedOver, READY_MS);
    cluster.nameNodes[active].start();
    [active, standby] = [standby, active];
  };
  const { uri, configuration } = cluster;
  return { uri, configuration, faults: [failOver], remove: () => cluster.remove() };
}

const TARGETS: Readonly<Record<string, [start: () => Promise<Target>, forms: (keyof typeof FORMS)[]]>> = {
  'DataNode and NameNode are killed': [startOne, ['DataStream', 'SequenceFile', 'gzip']],
  'a directory refuses': [startRefusing, ['DataStream']],
  'HttpFS is killed': [startHttpFs, ['DataStream']],
  'the active one of two NameNodes is killed': [startPair, ['DataStream']],
};

for (const [what, [start, forms]] of Object.entries(TARGETS)) {
  describe(`exactly-once: the agent is killed and ${what} in turn, ${KILLS} times at random moments`, {
    timeout: 300_000 + KILLS * LIFE_MS_MAX,
  }, () => {
    let target: Target;
    before(async () => {
      target = await start();
    });
    after(() => target?.remove());

    for (const form of forms) {
      test(form, async (t) => {
        const { options, read } = FORMS[form];
        const agent = new AgentOnHdfs(t, target, `once-${form}`, {
          ...options,
          'hdfs.delivery': 'exactly-once',
        });
        const restartAgent = async () => {
          await agent.kill();
          await agent.start();
        };
        const faults = target.faults.flatMap((fault) => [restartAgent, fault]);
        await agent.start();
        agent.feed(2);
        for (let n = 0; n < KILLS; n++) {
          await agent.untilMore(500);
          await pause(Math.random() * 1500);
          await faults[n % faults.length]!(agent);
        }
        await agent.untilMore(1000);
        await agent.finish(read, 0);
      });
    }
  });
}
