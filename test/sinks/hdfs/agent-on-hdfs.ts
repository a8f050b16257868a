/**
 * A real agent process between feeders and a real HDFS: avro source → file channel → hdfs sink. Feeders send
 * numbered events and know which of them were acknowledged; what stands in HDFS is read back and compared.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { RpcClient } from '../../../src/client.ts';
import { WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { type RunningMillrace, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

/** Of the sink: its largest take. */
export const TAKE_EVENTS = 200;
/** What may be written twice by one kill: the takes whose commit had not reached the channel. */
export const REPEATED_A_KILL_MAX = 4 * TAKE_EVENTS;
/** While a bucket holds events, too: commits of those behind them are on the disk 250 ms later. */
export const REPEATED_WHILE_HELD_MAX = 4 * REPEATED_A_KILL_MAX;
const BUCKETS = ['a', 'b', 'c'];
const SEND_EVENTS = 50;
/** Feeders are quicker than the sink: what they leave behind is delivered in seconds. */
const CAPACITY = 100 * TAKE_EVENTS;
const PATIENCE_MS = 120_000;
const LOG_CHARS_MAX = 8000;
const PADDING = 'x'.repeat(200);

interface Event {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A cluster, or a gateway to one. */
export interface Hdfs {
  /** Scheme and authority of paths. */
  readonly uri: string;
  /** The folder of core-site.xml and hdfs-site.xml. */
  readonly configuration: string;
}

export interface Outcome {
  readonly acknowledged: number;
  readonly repeated: number;
  readonly files: number;
}

export class AgentOnHdfs {
  readonly #t: TestContext;
  readonly #client: WebHdfsClient;
  readonly #conf: string;
  /** Below the root of HDFS. */
  readonly #directory: string;
  readonly #download: string;
  #agent: RunningMillrace | null = null;
  #port = 0;
  #statusPort = 0;
  readonly acknowledged = new Set<string>();
  readonly #sent = new Set<string>();
  #isFeeding = false;
  #feeders: Promise<unknown> = Promise.resolve();
  #names = 0;

  constructor(
    t: TestContext,
    { uri, configuration }: Hdfs,
    directory: string,
    sink: Readonly<Record<string, string>>,
  ) {
    this.#t = t;
    this.#directory = `/${directory}`;
    const credentials = { kind: 'simple', user: 'root' } as const;
    this.#client = new WebHdfsClient({ uri, configuration: [configuration], credentials });
    t.after(() => this.#client.close());
    const base = temporaryDirectory();
    this.#download = join(base, 'download');
    this.#conf = join(base, 'flume.conf');
    const properties = {
      'hdfs.path': `${uri}${this.#directory}/%{bucket}`,
      'hdfs.hadoopConfDir': configuration,
      'hdfs.user': 'root',
      'hdfs.stateDir': join(base, 'state'),
      'hdfs.fileType': 'DataStream',
      'hdfs.rollInterval': '0',
      'hdfs.rollSize': '0',
      'hdfs.rollCount': '1000',
      'hdfs.commitEvents': String(TAKE_EVENTS),
      'hdfs.commitInterval': '0',
      'hdfs.retryInterval': '1',
      'hdfs.callTimeout': '10000',
      ...sink,
    };
    const lines = [
      'sources = r1',
      'channels = c1',
      'sinks = k1',
      'sources.r1.type = avro',
      'sources.r1.bind = 127.0.0.1',
      'sources.r1.port = 0',
      'sources.r1.channels = c1',
      'channels.c1.type = file',
      `channels.c1.checkpointDir = ${join(base, 'checkpoint')}`,
      `channels.c1.dataDirs = ${join(base, 'data')}`,
      'channels.c1.minimumRequiredSpace = 1MiB',
      `channels.c1.capacity = ${CAPACITY}`,
      'sinks.k1.type = hdfs',
      'sinks.k1.channel = c1',
      ...Object.entries(properties).map(([key, value]) => `sinks.k1.${key} = ${value}`),
    ];
    writeFileSync(this.#conf, lines.map((line) => `a1.${line}\n`).join(''));
    t.after(() => this.#endFeeding());
  }

  /** Resolves when the source listens. */
  async start(): Promise<void> {
    const logger = '-Dflume.root.logger=INFO,console';
    const monitoring = ['-Dflume.monitoring.type=http', '-Dflume.monitoring.port=0'];
    const args = ['agent', '-f', this.#conf, '-n', 'a1', '--no-reload-conf', logger, ...monitoring];
    this.#agent = startMillrace(this.#t, args);
    const agent = this.#agent;
    const port = async (pattern: RegExp) => Number((await agent.untilWrites(pattern, PATIENCE_MS))[1]);
    this.#statusPort = await port(/[Mm]etrics.*port (\d+)/);
    this.#port = await port(/Avro source r1 listens on [^\n]*:(\d+)/);
  }

  async kill(): Promise<void> {
    this.#agent!.signal('SIGKILL');
    await this.#agent!.exit();
  }

  /** Why the sink is not well; null when it is. */
  async trouble(): Promise<string | null> {
    const answer = await fetch(`http://127.0.0.1:${this.#statusPort}/status`);
    const { components } = (await answer.json()) as {
      components: { name: string; reason: string | null }[];
    };
    return components.find(({ name }) => name === 'k1')!.reason;
  }

  untilTrouble(pattern: RegExp): Promise<string> {
    return until(
      `the sink tells of ${pattern}`,
      async () => {
        const reason = await this.trouble();
        return reason !== null && pattern.test(reason) ? reason : null;
      },
      PATIENCE_MS,
    );
  }

  untilWell(): Promise<true> {
    return until(
      'the sink is well',
      async () => (await this.trouble()) === null,
      PATIENCE_MS,
    ) as Promise<true>;
  }

  /** Feeds from `count` clients until `endFeeding`, whatever becomes of the agent. */
  feed(count: number): void {
    this.#isFeeding = true;
    this.#feeders = Promise.all(Array.from({ length: count }, () => this.#feed()));
  }

  async #feed(): Promise<void> {
    while (this.#isFeeding) {
      let client: RpcClient | null = null;
      try {
        client = await RpcClient.open({ hosts: 'h', 'hosts.h': `127.0.0.1:${this.#port}` });
        while (this.#isFeeding) await this.#send(client, this.#batch());
      } catch {
        // The agent is gone, or its channel is full: what was not acknowledged is not counted.
        await new Promise((resolve) => setTimeout(resolve, 20));
      } finally {
        client?.close();
      }
    }
  }

  #batch(): Event[] {
    const name = this.#names++;
    return Array.from({ length: SEND_EVENTS }, (_, n) => ({
      headers: { bucket: BUCKETS[n % BUCKETS.length]! },
      body: `${name}-${n}-${PADDING}`,
    }));
  }

  async #send(client: RpcClient, events: readonly Event[]): Promise<void> {
    for (const { body } of events) this.#sent.add(body);
    await client.appendBatch(events);
    for (const { body } of events) this.acknowledged.add(body);
  }

  /** Resolves when so many more events were acknowledged. */
  async untilMore(events: number): Promise<void> {
    const wanted = this.acknowledged.size + events;
    await until(
      `${events} more events are acknowledged`,
      () => this.acknowledged.size >= wanted,
      PATIENCE_MS,
    );
  }

  async #endFeeding(): Promise<void> {
    this.#isFeeding = false;
    await this.#feeders;
  }

  /** Ends feeding and waits until the channel is empty and no file is left in use but those that are open. */
  async settle(): Promise<void> {
    await this.#endFeeding();
    await this.#until('the channel is empty', async () => (await this.#channelSize()) === 0);
    await this.#until(
      'only open files are in use',
      async () => (await this.inUse()).length <= BUCKETS.length,
    );
  }

  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    await until(what, condition, PATIENCE_MS).catch((error: Error) => {
      const { stdout, stderr } = this.#agent!;
      throw new Error(`${error.message}\n${(stdout + stderr).slice(-LOG_CHARS_MAX)}`);
    });
  }

  async #channelSize(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#statusPort}/metrics`);
    const metrics = (await answer.json()) as Record<string, Record<string, string>>;
    return Number(metrics['CHANNEL.c1']!.ChannelSize);
  }

  /** Files and directories that there may be in a bucket's directory and with it; -1: any number. */
  async setQuota(bucket: string, names: number): Promise<void> {
    const path = `${this.#directory}/${bucket}`;
    await this.#client.mkdirs(path);
    await this.#client.setQuota(path, { names });
  }

  async paths(): Promise<string[]> {
    const found: string[] = [];
    for (const bucket of BUCKETS) {
      for await (const { path } of this.#client.list(`${this.#directory}/${bucket}`)) found.push(path);
    }
    return found;
  }

  async inUse(): Promise<string[]> {
    return (await this.paths()).filter((path) => path.endsWith('.tmp'));
  }

  /** Stops the agent and compares. `read` gives the bodies of local copies of all files. */
  async finish(
    read: (files: readonly string[]) => readonly (readonly string[])[],
    repeatedMax: number,
  ): Promise<Outcome> {
    await this.settle();
    this.#agent!.signal('SIGTERM');
    assert.equal(await this.#agent!.exit(), 0);
    assert.deepEqual(await this.inUse(), [], 'no file is left in use');
    const files = await this.#copies();
    const bodies = read(files).flat();
    const seen = new Set(bodies);
    const short = (body: string) => body.slice(0, 20);
    assert.deepEqual(
      [...this.acknowledged].filter((body) => !seen.has(body)).map(short),
      [],
      'acknowledged and missing',
    );
    assert.deepEqual([...seen].filter((body) => !this.#sent.has(body)).map(short), [], 'never sent');
    const repeated = bodies.length - seen.size;
    const outcome = { acknowledged: this.acknowledged.size, repeated, files: files.length };
    this.#t.diagnostic(JSON.stringify(outcome));
    assert.ok(repeated <= repeatedMax, `${repeated} events came twice, ${repeatedMax} at most were expected`);
    return outcome;
  }

  async #copies(): Promise<string[]> {
    mkdirSync(this.#download);
    const files: string[] = [];
    for (const path of await this.paths()) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await this.#client.open(path)) chunks.push(chunk);
      const file = join(this.#download, path.replaceAll('/', '_'));
      writeFileSync(file, Buffer.concat(chunks));
      files.push(file);
    }
    return files;
  }
}
