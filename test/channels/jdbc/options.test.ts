import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { MillraceError } from '../../../src/base/errors.ts';
import declaration, { options } from '../../../src/channels/jdbc/index.ts';
import { describe as describeTarget, targetOf } from '../../../src/channels/jdbc/target.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { badValue, optionsContract } from '../../kit/options.ts';
import type { Properties } from '../../kit/part.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const OLD = 'org.apache.flume.channel.jdbc';

optionsContract({
  declaration,
  defaults: {
    'driver.url': undefined,
    'driver.class': undefined,
    'db.type': undefined,
    'db.username': undefined,
    'db.password': undefined,
    'connection.properties.file': undefined,
    'create.schema': true,
    'create.index': true,
    'create.foreignkey': true,
    'transaction.isolation': 'READ_COMMITTED',
    'maximum.connections': 10,
    'maximum.capacity': 0,
    'sysprop.*': {},
    [`${OLD}.sysprop.*`]: {},
  },
  good: [
    [{ [`${OLD}.maximum.capacity`]: '50' }, { 'maximum.capacity': 50 }],
    [{ [`${OLD}.driver.url`]: 'jdbc:sqlite:/x' }, { 'driver.url': 'jdbc:sqlite:/x' }],
    [{ 'transaction.isolation': 'serializable' }, { 'transaction.isolation': 'SERIALIZABLE' }],
    [{ 'create.index': 'false' }, { 'create.index': false }],
    [{ 'sysprop.user.home': '/x' }, { 'sysprop.*': { 'user.home': '/x' } }],
  ],
  bad: [
    badValue('transaction.isolation', 'NONE', /one of READ_UNCOMMITTED/),
    badValue('db.type', 'DB2', /one of DERBY/),
    badValue('maximum.capacity', '-1', /at least 0/, 'warning'),
    badValue('maximum.connections', '0', /at least 1/, 'warning'),
  ],
  slip: ['maximum.capacty', 'maximum.capacity'],
});

function find(properties: Properties) {
  const { values } = parseOptions(options, properties, { component: 'channel c1' });
  return targetOf('c1', values);
}

function refusal(properties: Properties): MillraceError {
  try {
    find(properties);
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    return error;
  }
  return assert.fail('it was accepted');
}

const SERVER = { user: undefined, password: undefined, tls: null, schema: undefined };

describe('which database the options name', () => {
  test('without a URL: the SQLite file under the home directory', () => {
    const file = join(homedir(), '.flume', 'jdbc-channel', 'sqlite');
    assert.deepEqual(find({}), { target: { kind: 'sqlite', file }, remarks: [] });
  });

  const urls: readonly (readonly [string, object])[] = [
    ['jdbc:sqlite:/var/lib/c1.db', { kind: 'sqlite', file: '/var/lib/c1.db' }],
    [
      'jdbc:postgresql://db:5433/flume?user=u&password=p%26q',
      {
        ...SERVER,
        kind: 'postgresql',
        host: 'db',
        port: 5433,
        database: 'flume',
        user: 'u',
        password: 'p&q',
      },
    ],
    ['jdbc:postgresql://[::1]/f', { ...SERVER, kind: 'postgresql', host: '::1', port: 5432, database: 'f' }],
    ['jdbc:mysql://db/flume', { ...SERVER, kind: 'mysql', host: 'db', port: 3306, database: 'flume' }],
    ['JDBC:MariaDB://db/a%20b', { ...SERVER, kind: 'mariadb', host: 'db', port: 3306, database: 'a b' }],
    [
      'jdbc:postgresql://db/flume?sslmode=verify-full&currentSchema=s',
      {
        ...SERVER,
        kind: 'postgresql',
        host: 'db',
        port: 5432,
        database: 'flume',
        tls: { verify: true, verifyName: true, ca: undefined },
        schema: 's',
      },
    ],
    [
      'jdbc:mysql://db/flume?useSSL=true&verifyServerCertificate=true',
      {
        ...SERVER,
        kind: 'mysql',
        host: 'db',
        port: 3306,
        database: 'flume',
        tls: { verify: true, verifyName: false, ca: undefined },
      },
    ],
  ];
  for (const [url, target] of urls) {
    test(`${url} is understood`, () => {
      assert.deepEqual(find({ 'driver.url': url }), { target, remarks: [] });
    });
  }

  const bad: readonly (readonly [string, RegExp, RegExp])[] = [
    [
      'jdbc:derby:/var/db;create=true',
      /driver\.url = jdbc:derby:\/var\/db is a Derby database, which only Java can open/,
      /leave driver\.url out for an embedded SQLite database.*let Flume empty the Derby database first/,
    ],
    ['jdbc:oracle:thin:@db:1521:x', /is of no database that this channel knows/, /jdbc:postgresql:/],
    ['postgresql://db/flume', /is of no database that this channel knows/, /jdbc:postgresql:/],
    ['jdbc:sqlite:', /names no file/, /jdbc:sqlite:FILE/],
    ['jdbc:postgresql://db', /names no database/, /DATABASE/],
    ['jdbc:mysql:///flume', /names no host/, /HOST/],
    ['jdbc:postgresql://a:1,b:2/flume', /cannot be read/, /one host/],
    ['jdbc:mysql://db/flume?sslMode=maybe', /sslmode = maybe cannot be used/, /verify-full/],
    ['jdbc:mysql://db/flume?serverSslCert=/nowhere.pem&ssl=true', /\/nowhere\.pem cannot be used/, /PEM/],
  ];
  for (const [url, text, remedy] of bad) {
    test(`${url} is refused with a remedy`, () => {
      const { code, message, detail } = refusal({ 'driver.url': url });
      assert.equal(code, 'CONF_OPTION_VALUE');
      assert.match(message, text);
      assert.match(message, /^channel c1: /);
      assert.equal(detail.option, 'driver.url');
      assert.match(detail.remedy ?? '', remedy);
    });
  }

  test('no password is shown: not in an error, not in the log, not in a finding', () => {
    const url = 'jdbc:postgresql://me:s3cret@db?password=s3cret';
    const error = refusal({ 'driver.url': url });
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error.detail)}`, /s3cret/);
    assert.doesNotMatch(
      describeTarget(find({ 'driver.url': 'jdbc:postgresql://db/f?password=s3cret' }).target),
      /s3cret/,
    );
    for (const key of ['driver.url', 'db.password'] as const) assert.equal(options[key].secret, true);
  });
});

function file(text: string): string {
  const path = join(temporaryDirectory(), 'database.properties');
  writeFileSync(path, text);
  return path;
}

describe('user, password and properties', () => {
  const url = 'jdbc:postgresql://db/flume';

  test('options win over the URL, the URL over the properties file', () => {
    const path = file('# of the file\nuser = file\npassword: a\\=b\n!x = 1\n\ncurrentSchema=s\n');
    const server = (properties: Properties) => {
      const { target } = find({ 'connection.properties.file': path, ...properties });
      assert.ok(target.kind !== 'sqlite');
      return [target.user, target.password, target.schema];
    };
    assert.deepEqual(server({ 'driver.url': url }), ['file', 'a=b', 's']);
    assert.deepEqual(server({ 'driver.url': `${url}?user=url` }), ['url', 'a=b', 's']);
    const both = { 'driver.url': `${url}?user=url&password=url`, 'db.username': 'o', 'db.password': 'p' };
    assert.deepEqual(server(both), ['o', 'p', 's']);
  });

  test('a properties file that cannot be read is an error that names it', () => {
    const { message, detail } = refusal({ 'driver.url': url, 'connection.properties.file': '/nowhere/x' });
    assert.match(message, /\/nowhere\/x cannot be read: ENOENT/);
    assert.equal(detail.option, 'connection.properties.file');
  });

  const remarks: readonly (readonly [Properties, readonly RegExp[]])[] = [
    [{ 'db.type': 'MYSQL' }, [/db\.type = MYSQL needs driver\.url/]],
    [
      { 'driver.class': 'org.apache.derby.jdbc.EmbeddedDriver', 'db.type': 'DERBY', 'db.username': 'sa' },
      [/driver\.class = .* is not used/, /db\.type = DERBY is not used: .* SQLite/, /SQLite has no users/],
    ],
    [{ 'transaction.isolation': 'READ_UNCOMMITTED' }, [/SQLite is always SERIALIZABLE/]],
    [{ 'sysprop.a.b': '1', [`${OLD}.sysprop.c`]: '2' }, [/sysprop\.a\.b/, /sysprop\.c/]],
    [{ 'driver.url': `${url}?loginTimeout=3&user=u` }, [/without a meaning here: loginTimeout$/]],
  ];
  for (const [properties, wanted] of remarks) {
    test(`${JSON.stringify(properties)}: what has no effect is said`, () => {
      const found = find(properties).remarks;
      assert.equal(found.length, wanted.length, found.join('; '));
      for (const [i, pattern] of wanted.entries()) assert.match(found[i]!, pattern);
    });
  }
});
