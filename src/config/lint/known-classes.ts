/**
 * Types that configurations name and Millrace does not run as they are: Flume's own that this version does
 * not have, and classes of third parties that are often seen, each with what does the job.
 */
import { nearest } from '../../component/options/suggest.ts';

/**
 * Flume's own components by alias or class; they are planned, so the advice is to wait
 * or to keep Flume for them.
 */
const FLUME_TYPES: Readonly<Record<string, string>> = {
  jms: 'the JMS source',
  syslogtcp: 'the syslog TCP source',
  multiport_syslogtcp: 'the multiport syslog source',
  syslogudp: 'the syslog UDP source',
  irc: 'the IRC sink',
  hbase: 'the HBase sink',
  asynchbase: 'the HBase sink',
  hbase2: 'the HBase 2 sink',
  elasticsearch: 'the Elasticsearch sink',
  morphline_solr: 'the Solr sink',
  hive: 'the Hive sink',
  http: 'the HTTP sink',
  'org.apache.flume.source.jms.jmssource': 'the JMS source',
  'org.apache.flume.source.syslogtcpsource': 'the syslog TCP source',
  'org.apache.flume.source.multiportsyslogtcpsource': 'the multiport syslog source',
  'org.apache.flume.source.syslogudpsource': 'the syslog UDP source',
  'org.apache.flume.source.kafka.kafkasource': 'the Kafka source',
  'org.apache.flume.source.twitter.twittersource': 'the Twitter source',
  'org.apache.flume.channel.kafka.kafkachannel': 'the Kafka channel',
  'org.apache.flume.sink.http.httpsink': 'the HTTP sink',
  'org.apache.flume.sink.kafka.kafkasink': 'the Kafka sink',
  'org.apache.flume.sink.hbase.hbasesink': 'the HBase sink',
  'org.apache.flume.sink.hbase.asynchbasesink': 'the HBase sink',
  'org.apache.flume.sink.hbase2.hbase2sink': 'the HBase 2 sink',
  'org.apache.flume.sink.solr.morphline.morphlinesolrsink': 'the Solr sink',
  'org.apache.flume.sink.solr.morphline.morphlinesink': 'the morphline sink',
  'org.apache.flume.sink.hive.hivesink': 'the Hive sink',
  'org.apache.flume.sink.kite.datasetsink': 'the Kite dataset sink',
  'org.apache.flume.sink.kudu.kudusink': 'the Kudu sink',
};

/** Third parties' classes: by the end of the class name, case apart. */
const THIRD_PARTIES: readonly (readonly [RegExp, string])[] = [
  [/sqlsource$/i, 'poll the database with a plug-in source, or with exec and the database’s own client'],
  [/embedded\.embeddedsource$/i, 'only an EmbeddedAgent has it (docs/guide/clients.md)'],
  [/(tailsource|taildirectorysource|taildirsourcerecursive)$/i, 'use taildir'],
  [/s3(event)?sink$/i, 'write files with file_roll and copy them, or write a plug-in sink'],
  [/(mongo|cassandra|jdbc|mysql|redis)\w*sink$/i, 'write a plug-in sink (docs/guide/extend.md)'],
  [
    /(rabbitmq|amqp|mqtt)\w*(source|sink)$/i,
    'write a plug-in with the broker’s own client (docs/guide/extend.md)',
  ],
  [
    /interceptor(\$builder)?$/i,
    'use a built-in interceptor, or write a plug-in interceptor (docs/guide/extend.md)',
  ],
];

/**
 * What to do about a type that is not among those known to the registry; null when nothing is known about it.
 */
export function adviceFor(type: string, known: readonly string[]): string | null {
  const name = type.toLowerCase();
  if (Object.hasOwn(FLUME_TYPES, name)) {
    return `${FLUME_TYPES[name]} is not part of this version of Millrace: keep it on Flume, joined by files, netcat or HTTP`;
  }
  const meant = meantClass(type, known);
  if (meant !== null) return `did you mean ${meant}?`;
  for (const [pattern, advice] of THIRD_PARTIES) if (pattern.test(type)) return advice;
  return /^[a-z][\w$]*(\.[\w$]+)+$/i.test(type)
    ? 'Java classes do not run in Millrace: use a built-in type (`millrace components`) or a plug-in (docs/guide/extend.md)'
    : null;
}

/**
 * The class of Flume that a misspelt one stands for: packages are long, so only the last part is compared.
 */
function meantClass(type: string, known: readonly string[]): string | null {
  if (!/^org\.apache\.flume\./i.test(type)) return null;
  const simple = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  const classes = known.filter((name) => name.includes('.'));
  const meant = nearest(simple(type), classes.map(simple));
  return classes.find((name) => simple(name) === meant) ?? null;
}
