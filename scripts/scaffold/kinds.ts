/**
 * What a new component of each kind begins as: something small that runs, to be replaced. `code` goes to
 * KIND.ts, `conf` is the whole of an agent that shows it, `bad` are the first lines of its options test.
 */
import type { ComponentKind } from '../../src/component/declaration.ts';

export interface Beginning {
  readonly title: string;
  /** Entries of the option table. */
  readonly options: string;
  /** Further lines of the declaration. */
  readonly declares: string;
  readonly code: string;
  /** Lines of flume.conf that name the component; NAME stands for its type. */
  readonly example: readonly string[];
  readonly conf: string;
  /** Properties that are wrong, and the finding's text behind the component's name. */
  readonly bad: readonly (readonly [properties: string, text: string])[];
}

const NETCAT = `a1.sources.r1.type = netcat
a1.sources.r1.bind = localhost
a1.sources.r1.port = 44444
a1.sources.r1.channels = c1
`;

const MEMORY = `a1.channels.c1.type = memory
a1.channels.c1.capacity = 1000
a1.channels.c1.transactionCapacity = 100
`;

const LOGGER = `a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
`;

const head = (channels = 'c1', sinks = 'k1') =>
  `a1.sources = r1\na1.channels = ${channels}\na1.sinks = ${sinks}\n`;

const agent = (source: string, channel: string, sink: string) => `${head()}\n${source}\n${channel}\n${sink}`;

const OPTIONS_IMPORT = `import type { OptionsOf } from '../../component/options/table.ts';`;

const BAD_HEADER: Beginning['bad'] = [[`{ heder: 'x' }`, 'unknown option heder is ignored']];

export const BEGINNINGS: Readonly<Record<ComponentKind, Beginning>> = {
  source: {
    title: 'An event every now and then',
    options: `  interval: {
    kind: 'duration',
    unit: 'ms',
    default: 1000,
    min: 1,
    since: 'millrace',
    help: 'Pause between two events.',
    example: '10s',
  },
`,
    declares: '  registersCounters: true,\n',
    code: `${OPTIONS_IMPORT}
import type { Source, SourceContext } from '../../component/source.ts';
import type { options } from './index.ts';

export function create(context: SourceContext): Source {
  const { interval } = context.options as OptionsOf<typeof options>;
  let timer: NodeJS.Timeout | null = null;

  async function put(): Promise<void> {
    const batch = context.openBatch();
    // No room: the next turn tries again.
    if (batch === null) return;
    const body = Buffer.from('hello');
    batch.append(body, 0, body.length);
    context.counters.add('EventReceivedCount', 1);
    const { accepted, refusal } = await context.put(batch, 'batch');
    context.counters.add('EventAcceptedCount', accepted);
    if (refusal !== null) context.counters.add('ChannelWriteFail', 1);
  }

  return {
    start() {
      timer = setInterval(() => void put(), interval);
    },
    stop() {
      if (timer !== null) clearInterval(timer);
    },
  };
}
`,
    example: ['a1.sources.r1.type = NAME'],
    conf: agent(
      'a1.sources.r1.type = NAME\na1.sources.r1.interval = 1s\na1.sources.r1.channels = c1\n',
      MEMORY,
      LOGGER,
    ),
    bad: [
      [
        `{ interval: 'soon' }`,
        'interval = soon is not a number of milliseconds or a duration such as 10s, at least 1',
      ],
      [`{ intervall: '1' }`, 'unknown option intervall is ignored'],
    ],
  },

  channel: {
    title: 'Events in memory',
    options: `  capacity: {
    kind: 'int',
    unit: 'events',
    default: 1000,
    min: 1,
    since: 'millrace',
    help: 'Most events that the channel holds.',
    example: '10000',
  },
`,
    declares: `  capacityOption: 'capacity',\n`,
    code: `import type { ChannelContext } from '../../component/channel.ts';
${OPTIONS_IMPORT}
import { RangeChannel } from '../../transaction/range-channel.ts';
import type { options } from './index.ts';

export function create(context: ChannelContext): RangeChannel {
  const { capacity } = context.options as OptionsOf<typeof options>;
  context.counters.set('ChannelCapacity', capacity);
  return new RangeChannel(context, {
    eventsMax: capacity,
    slotsMax: Number.POSITIVE_INFINITY,
    transactionEventsMax: capacity,
    keepAliveMs: 3000,
  });
}
`,
    example: ['a1.channels.c1.type = NAME'],
    conf: agent(NETCAT, 'a1.channels.c1.type = NAME\na1.channels.c1.capacity = 1000\n', LOGGER),
    bad: [
      [`{ capacity: '0' }`, 'capacity = 0 is not a whole number of events, at least 1'],
      [`{ capacty: '1' }`, 'unknown option capacty is ignored'],
    ],
  },

  sink: {
    title: 'Tells the log how large events are',
    options: `  batchSize: {
    kind: 'int',
    unit: 'events',
    default: 100,
    min: 1,
    since: 'millrace',
    help: 'Most events of one take.',
    example: '1000',
  },
`,
    declares: `  batchSizeOption: 'batchSize',\n  registersCounters: true,\n  blocking: true,\n`,
    code: `${OPTIONS_IMPORT}
import type { Sink, SinkContext } from '../../component/sink.ts';
import type { options } from './index.ts';

export function create(context: SinkContext): Sink {
  const { batchSize } = context.options as OptionsOf<typeof options>;
  const { counters, log } = context;
  return {
    batchSize,
    // Whatever throws here rolls the batch back: it is handed out again.
    process(batch) {
      counters.add('EventDrainAttemptCount', batch.count);
      log.info(\`\${batch.count} events, \${batch.bodyBytes()} bytes\`);
      counters.add('EventDrainSuccessCount', batch.count);
    },
  };
}
`,
    example: ['a1.sinks.k1.type = NAME', 'a1.sinks.k1.channel = c1'],
    conf: agent(NETCAT, MEMORY, 'a1.sinks.k1.type = NAME\na1.sinks.k1.channel = c1\n'),
    bad: [
      [`{ batchSize: '0' }`, 'batchSize = 0 is not a whole number of events, at least 1'],
      [`{ batchSiz: '1' }`, 'unknown option batchSiz is ignored'],
    ],
  },

  interceptor: {
    title: 'Sets a header to the length of the body',
    options: `  header: {
    kind: 'string',
    default: 'length',
    since: 'millrace',
    help: 'The header that is set.',
    example: 'bytes',
  },
`,
    declares: '',
    code: `import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
${OPTIONS_IMPORT}
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const { header } = context.options as OptionsOf<typeof options>;
  return {
    intercept(batch) {
      for (let i = 0; i < batch.count; i++) batch.setHeader(i, header, String(batch.bodyLength(i)));
    },
  };
}
`,
    example: ['a1.sources.r1.interceptors = i1', 'a1.sources.r1.interceptors.i1.type = NAME'],
    conf: agent(
      `${NETCAT}\na1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = NAME\n`,
      MEMORY,
      LOGGER,
    ),
    bad: BAD_HEADER,
  },

  selector: {
    title: 'Events with a header to the first channel, others to the last',
    options: `  header: {
    kind: 'string',
    default: 'first',
    since: 'millrace',
    help: 'The header that decides.',
    example: 'urgent',
  },
`,
    declares: '',
    code: `${OPTIONS_IMPORT}
import type { ChannelSelector, Route, SelectorContext } from '../../component/selector.ts';
import type { options } from './index.ts';

export function create(context: SelectorContext): ChannelSelector {
  const { header } = context.options as OptionsOf<typeof options>;
  const first: Route = { required: [0], optional: [] };
  const last: Route = { required: [context.channels.length - 1], optional: [] };
  return {
    uniform: null,
    route: (batch, index) => (batch.header(index, header) === undefined ? last : first),
  };
}
`,
    example: ['a1.sources.r1.selector.type = NAME'],
    conf: `${head('c1 c2', 'k1 k2')}
${NETCAT.replace('channels = c1', 'channels = c1 c2')}a1.sources.r1.selector.type = NAME

${MEMORY}
${MEMORY.replaceAll('c1', 'c2')}
${LOGGER}
${LOGGER.replaceAll('k1', 'k2').replace('= c1', '= c2')}`,
    bad: BAD_HEADER,
  },

  processor: {
    title: 'The first sink of the group that delivers',
    options: `  attempts: {
    kind: 'int',
    default: 1,
    min: 1,
    since: 'millrace',
    help: 'Attempts with each sink before the next one is asked.',
    example: '3',
  },
`,
    declares: '',
    code: `${OPTIONS_IMPORT}
import type { SinkProcessor, SinkProcessorContext } from '../../component/processor.ts';
import type { options } from './index.ts';

export function create(context: SinkProcessorContext): SinkProcessor {
  const { attempts } = context.options as OptionsOf<typeof options>;
  return {
    async process() {
      let failure: unknown;
      for (const sink of context.sinks) {
        for (let attempt = 0; attempt < attempts; attempt++) {
          try {
            return await sink.process();
          } catch (error) {
            context.log.warn(\`sink \${sink.name} failed\`, error);
            failure = error;
          }
        }
      }
      throw failure;
    },
  };
}
`,
    example: ['a1.sinkgroups.g1.sinks = k1 k2', 'a1.sinkgroups.g1.processor.type = NAME'],
    conf: `${head('c1', 'k1 k2')}a1.sinkgroups = g1

${NETCAT}
${MEMORY}
${LOGGER}
${LOGGER.replaceAll('k1', 'k2')}
a1.sinkgroups.g1.sinks = k1 k2
a1.sinkgroups.g1.processor.type = NAME
`,
    bad: [
      [`{ attempts: 'many' }`, 'attempts = many is not a whole number, at least 1'],
      [`{ atempts: '1' }`, 'unknown option atempts is ignored'],
    ],
  },

  serializer: {
    title: 'Bodies with a separator between them',
    options: `  separator: {
    kind: 'string',
    default: ';',
    since: 'millrace',
    help: 'What is written behind each body.',
    example: ',',
  },
`,
    declares: '',
    code: `${OPTIONS_IMPORT}
import type { EventSerializer, SerializerContext } from '../../component/serializer.ts';
import type { options } from './index.ts';

export function create(context: SerializerContext): EventSerializer {
  const { separator } = context.options as OptionsOf<typeof options>;
  const end = Buffer.from(separator);
  return {
    supportsReopen: true,
    begin() {},
    reopen() {},
    write(batch) {
      batch.forEach((view, i) => {
        context.out.write(view.bodyView(i));
        context.out.write(end);
      });
    },
    flush() {},
    end() {},
  };
}
`,
    example: ['a1.sinks.k1.sink.serializer = NAME'],
    conf: agent(
      NETCAT,
      MEMORY,
      `a1.sinks.k1.type = file_roll
a1.sinks.k1.sink.directory = /tmp
a1.sinks.k1.sink.serializer = NAME
a1.sinks.k1.channel = c1
`,
    ),
    bad: [[`{ seperator: 'x' }`, 'unknown option seperator is ignored']],
  },
};
