import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  bind: { kind: 'string', help: 'Host or address to listen on; all when it is absent.', example: '0.0.0.0' },
  port: {
    kind: 'int',
    required: true,
    min: 0,
    max: 65535,
    help: 'UDP port; 0 picks a free one.',
    example: '6666',
  },
  remoteAddress: {
    kind: 'string',
    aliases: ['remoteAddressHeader'],
    help: 'Header that gets the sender’s address, as /10.0.0.5:4711.',
  },
});

export default {
  kind: 'source',
  aliases: ['netcatudp'],
  classes: ['org.apache.flume.source.NetcatUdpSource'],
  title: 'Datagrams',
  stability: 'stable',
  options,
  registersCounters: false,
  example: 'a1.sources.r1.type = netcatudp\na1.sources.r1.bind = 0.0.0.0\na1.sources.r1.port = 6666',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
