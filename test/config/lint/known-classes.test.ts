import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adviceFor } from '../../../src/config/lint/known-classes.ts';
import { registry } from '../../../src/registry.ts';

const names = registry
  .filter((entry) => entry.kind === 'sink' || entry.kind === 'interceptor')
  .flatMap((entry) => [...entry.aliases, ...entry.classes]);

describe('advice for a type that the registry does not know', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['HBase', /^the HBase sink is not part of this version/],
    ['org.apache.flume.agent.embedded.EmbeddedSource', /EmbeddedAgent/],
    ['org.apache.flume.sink.kafka.KafkaSink', /^the Kafka sink is not part of this version/],
    ['org.apache.flume.sink.LogerSink', /^did you mean org\.apache\.flume\.sink\.LoggerSink\?$/],
    [
      'org.apache.flume.interceptor.TimestmpInterceptor$Builder',
      /^did you mean org\.apache\.flume\.interceptor\.TimestampInterceptor\$Builder\?$/,
    ],
    ['org.keedio.flume.source.SQLSource', /plug-in source, or with exec/],
    ['com.example.source.SQLSource', /plug-in source, or with exec/],
    ['com.acme.TailDirectorySource', /^use taildir$/],
    ['com.acme.S3EventSink', /file_roll/],
    ['com.acme.MongoDbSink', /plug-in sink/],
    ['com.acme.MySQLSink', /plug-in sink/],
    ['org.acme.RabbitMQSource', /broker’s own client/],
    ['com.example.MyInterceptor$Builder', /built-in interceptor, or write a plug-in/],
    ['com.acme.Whatever', /Java classes do not run in Millrace/],
    ['org.apache.flume.sink.SomethingElse', /Java classes do not run in Millrace/],
  ];
  for (const [type, expected] of cases) {
    test(`${type}`, () => assert.match(adviceFor(type, names) ?? '(none)', expected));
  }

  for (const type of ['loger', 'constructor', 'my-plugin']) {
    test(`${type} is no class: nothing is known about it`, () => assert.equal(adviceFor(type, names), null));
  }

  test('no advice says that a component is missing which the registry has', () => {
    for (const entry of registry) {
      for (const name of [...entry.aliases, ...entry.classes]) {
        // avro_event, netcat … may share a name with what is missing in another kind; a class may not.
        if (name.includes('.'))
          assert.doesNotMatch(adviceFor(name, []) ?? '', /not part of this version/, name);
      }
    }
  });
});
