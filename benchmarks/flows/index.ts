/** The flows: a folder each with one flume.conf, and here what drives and measures it. */
import { join } from 'node:path';

export interface Flow {
  readonly name: string;
  readonly title: string;
  /** Bytes of a body, for MB/s. */
  readonly eventBytes: number;
  /** Events of a run that ends by itself; null when throughput is sampled in steady state. */
  readonly events: number | null;
  /** What sends the load, as arguments of benchmarks/load/*.ts; null when the source makes it. */
  readonly load: readonly string[] | null;
  /** The file of lines stands in BENCH_DIR when the agent starts. */
  readonly spools?: boolean;
  /** Agent b2 of the same flow.conf is started first, and is what b1 sends to: takes are counted there. */
  readonly receives?: boolean;
  /** A local HDFS is started beside the agent; its own CPU time is not counted. */
  readonly writesHdfs?: boolean;
  /** The ratio to Java Flume that the design asks for. */
  readonly goal: number | null;
}

const LINE_BYTES = 200;
const FILE_BYTES = 1_000_000_000;

export const FLOWS: readonly Flow[] = [
  {
    name: 'seq-mem-null',
    title: 'seq → memory → null, batch 1000',
    eventBytes: 7,
    events: null,
    load: null,
    goal: 3,
  },
  {
    name: 'stress-mem-null',
    title: 'stress (500 B) → memory → null, batch 1000',
    eventBytes: 500,
    events: null,
    load: null,
    goal: 1.5,
  },
  {
    name: 'netcat-mem-null',
    title: 'netcat (200 B lines, no OK) → memory → null',
    eventBytes: LINE_BYTES - 1,
    events: null,
    load: ['tcp-lines.ts', String(LINE_BYTES)],
    goal: 4,
  },
  {
    name: 'exec-mem-null',
    title: 'exec (cat of 1 GB of 200 B lines) → memory → null',
    eventBytes: LINE_BYTES - 1,
    events: FILE_BYTES / LINE_BYTES,
    load: null,
    goal: 5,
  },
  {
    name: 'spooldir-mem-null',
    title: 'spooldir (a file of 1 GB of 200 B lines) → memory → null',
    eventBytes: LINE_BYTES - 1,
    events: FILE_BYTES / LINE_BYTES,
    load: null,
    spools: true,
    goal: 12,
  },
  {
    name: 'taildir-mem-null',
    title: 'taildir (a file of 1 GB of 200 B lines) → memory → null',
    eventBytes: LINE_BYTES - 1,
    events: FILE_BYTES / LINE_BYTES,
    load: null,
    goal: 6,
  },
  {
    name: 'taildir-mem-fileroll',
    title: 'taildir (a file of 1 GB of 200 B lines) → memory → file_roll',
    eventBytes: LINE_BYTES - 1,
    events: FILE_BYTES / LINE_BYTES,
    load: null,
    goal: 6,
  },
  {
    name: 'stress-mem-fileroll',
    title: 'stress (500 B) → memory → file_roll',
    eventBytes: 500,
    events: null,
    load: null,
    goal: null,
  },
  {
    name: 'stress-file-null',
    title: 'stress (500 B) → file → null, batch 1000',
    eventBytes: 500,
    events: null,
    load: null,
    goal: 12,
  },
  {
    name: 'stress-file-null-2dirs',
    title: 'stress (500 B) → file in two data directories → null, batch 1000',
    eventBytes: 500,
    events: null,
    load: null,
    goal: 12,
  },
  {
    name: 'stress-file-null-100',
    title: 'stress (500 B) → file → null, batch 100',
    eventBytes: 500,
    events: null,
    load: null,
    goal: 10,
  },
  {
    name: 'netcat-file-null',
    title: 'netcat (200 B lines, no OK) → file → null',
    eventBytes: LINE_BYTES - 1,
    events: null,
    load: ['tcp-lines.ts', String(LINE_BYTES)],
    goal: null,
  },
  {
    name: 'netcat-file-null-ok',
    title: 'netcat (200 B lines, 16 clients that wait for each OK) → file → null',
    eventBytes: LINE_BYTES - 1,
    events: null,
    load: ['tcp-lines-ok.ts', String(LINE_BYTES), '16'],
    goal: 5,
  },
  {
    name: 'http-mem-null',
    title: 'http (JSON, 100 events of 200 B a request) → memory → null',
    eventBytes: LINE_BYTES,
    events: null,
    load: ['http-json.ts', '100', String(LINE_BYTES)],
    goal: null,
  },
  {
    name: 'avro-hop',
    title: 'stress (500 B) → memory → avro → avro → memory → null, batch 1000',
    eventBytes: 500,
    events: null,
    load: null,
    receives: true,
    goal: 2.5,
  },
  {
    name: 'avro-hop-deflate',
    title: 'stress (500 B) → memory → avro → avro → memory → null, batch 1000, deflate',
    eventBytes: 500,
    events: null,
    load: null,
    receives: true,
    goal: 2,
  },
  {
    name: 'avro-hop-tls',
    title: 'stress (500 B) → memory → avro → avro → memory → null, batch 1000, TLS',
    eventBytes: 500,
    events: null,
    load: null,
    receives: true,
    goal: 1.5,
  },
  {
    name: 'thrift-hop',
    title: 'stress (500 B) → memory → thrift → thrift → memory → null, batch 1000',
    eventBytes: 500,
    events: null,
    load: null,
    receives: true,
    goal: 4,
  },
  {
    name: 'hdfs-datastream',
    title: 'stress (500 B) → memory → hdfs DataStream, batch 10,000, one local HDFS',
    eventBytes: 500,
    events: null,
    load: null,
    writesHdfs: true,
    goal: 5,
  },
  {
    name: 'hdfs-file-channel',
    title: 'stress (500 B) → file → hdfs DataStream, batch 10,000, one local HDFS',
    eventBytes: 500,
    events: null,
    load: null,
    writesHdfs: true,
    goal: null,
  },
  {
    name: 'hdfs-exactly-once',
    title: 'the same with exactly-once delivery',
    eventBytes: 500,
    events: null,
    load: null,
    writesHdfs: true,
    goal: null,
  },
  {
    name: 'hdfs-sequencefile',
    title: 'stress (500 B) → memory → hdfs SequenceFile, batch 10,000, one local HDFS',
    eventBytes: 500,
    events: null,
    load: null,
    writesHdfs: true,
    goal: 4,
  },
  {
    name: 'hdfs-gzip',
    title: 'stress (500 B) → memory → hdfs gzip, batch 10,000, one local HDFS',
    eventBytes: 500,
    events: null,
    load: null,
    writesHdfs: true,
    goal: 3,
  },
];

export function confOf(flow: Flow): string {
  return join(import.meta.dirname, flow.name, 'flow.conf');
}

export const LINES_FILE = { bytes: FILE_BYTES, lineBytes: LINE_BYTES } as const;
