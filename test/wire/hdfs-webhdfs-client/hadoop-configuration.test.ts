/** Hadoop's configuration files as Hadoop reads them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { HadoopConfiguration, HdfsSettingsError } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

function of(text: string, environment: Record<string, string> = {}): HadoopConfiguration {
  const configuration = new HadoopConfiguration(environment);
  configuration.add(`<configuration>${text}</configuration>`, 'test.xml');
  return configuration;
}

const property = (name: string, value: string, more = '') =>
  `<property><name>${name}</name><value>${value}</value>${more}</property>`;

/** `${name}` */
const v = (name: string) => `\${${name}}`;

describe('Hadoop configuration', () => {
  test('elements, attributes, comments, CDATA, entities, empty values', () => {
    const configuration = of(`
      <!-- ${property('a', 'commented')} -->
      <property>
        <value> spaced\n </value> <name> a </name> <description>d</description>
      </property>
      <property name='b' value="x &amp; y"/>
      <property><name>c</name><value><![CDATA[<&>]]>&lt;&#65;&#x42;</value></property>
      <property><name>d</name><value/></property>
      <property><name>e</name></property>`);
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => configuration.get(name)),
      ['spaced', 'x & y', '<&><AB', null, null, null],
    );
  });

  test('a final property stays, others are overridden', () => {
    const configuration = of(property('a', '1', '<final>true</final>') + property('b', '1'));
    configuration.add(
      `<configuration>${property('a', '2')}${property('b', '2')}</configuration>`,
      'second.xml',
    );
    assert.deepEqual([configuration.get('a'), configuration.get('b')], ['1', '2']);
  });

  test('variables: properties, the system, the environment with and without another value', () => {
    const configuration = of(
      property('host', 'h') +
        property('port', '1') +
        property('a', `${v('host')}:${v('port')}/${v('user.name')}`) +
        property('b', v('env.SET') + v('env.EMPTY-x') + v('env.EMPTY:-y') + v('env.NONE-z')) +
        property('c', v('none')) +
        property('d', v(v('which'))) +
        property('which', 'host'),
      { SET: 's', EMPTY: '' },
    );
    assert.equal(configuration.get('a'), `h:1/${userInfo().username}`);
    assert.equal(configuration.get('b'), 'syz');
    assert.equal(configuration.get('c'), v('none'));
    assert.equal(configuration.get('d'), 'h');
  });

  test('a circle ends', () => {
    const configuration = of(property('a', v('b')) + property('b', v('a')) + property('c', `x${v('c')}`));
    assert.equal(configuration.get('a'), v('b'));
    assert.throws(() => configuration.get('c'), HdfsSettingsError);
  });

  test('files of several folders, of which some are missing', () => {
    const [first, second] = [temporaryDirectory(), temporaryDirectory()];
    writeFileSync(join(first, 'core-site.xml'), `<configuration>${property('a', '1')}</configuration>`);
    writeFileSync(join(second, 'hdfs-site.xml'), `<configuration>${property('b', '2')}</configuration>`);
    const configuration = HadoopConfiguration.read([first, second, join(first, 'none')], {});
    assert.deepEqual([configuration.get('a'), configuration.get('b')], ['1', '2']);
    assert.deepEqual(configuration.files, [join(first, 'core-site.xml'), join(second, 'hdfs-site.xml')]);
  });

  test('what is no configuration says so with the file', () => {
    for (const text of [
      '',
      '<html/>',
      '<configuration><property><value>x</value></property></configuration>',
    ]) {
      assert.throws(
        () => new HadoopConfiguration({}).add(text, 'bad.xml'),
        (error) => error instanceof HdfsSettingsError && error.message.startsWith('bad.xml has'),
      );
    }
  });
});
