import { withoutKerberos } from '../../component/hop/kerberos.ts';
import { ThriftListener } from '../../component/hop/thrift-listener.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { readerOf, writerOf } from '../../wire/thrift/protocols.ts';
import { SourceCalls } from './calls.ts';
import type { options } from './index.ts';

export function create(context: SourceContext): Source {
  const o = context.options as OptionsOf<typeof options>;
  const { counters } = context;
  if (o.kerberos) throw withoutKerberos(`source ${context.name}`, IN_ITS_PLACE);
  return new ThriftListener(context, {
    title: 'Thrift source',
    logger: 'org.apache.flume.source.ThriftSource',
    bind: o.bind,
    port: o.port,
    tls: o,
    service: new SourceCalls(context, o.maxHeaders),
    reader: readerOf(o.protocol),
    writer: writerOf(o.protocol),
    framed: true,
    messageBytesMax: o.maxFrameBytes,
    connectionsMax: o.maxConnections,
    messageTimeout: o.frameTimeout,
    onBadInput: () => counters.add('EventReadFail', 1),
    onConnections: (count) => counters.set('OpenConnectionCount', count),
  });
}

const IN_ITS_PLACE =
  'use ssl, with client-auth = need where clients have to prove who they are, or keep Flume for it';
