import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hadoopCredentials } from '../../../src/config/filters/hadoop.ts';
import { only, planWith, sourceOf } from '../planning.ts';

const STORES = fileURLToPath(new URL('../../fixtures/jceks', import.meta.url));
const at = (name: string) => `jceks://file${STORES}/${name}.jceks`;

interface Given {
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly passwordFile?: string;
  readonly classPath?: readonly string[];
}

function open({ path, env = {}, passwordFile, classPath = [STORES] }: Given) {
  return hadoopCredentials({ path, env, passwordFile, classPath });
}

describe('the password of a Hadoop credential store', () => {
  test('is “none” when nothing is said', () => {
    const filter = open({ path: at('default') });
    assert.equal(filter('password'), 'filtered_default');
    assert.equal(filter('umlauts'), 'grüße 日本');
  });

  test('is the environment’s HADOOP_CREDSTORE_PASSWORD', () => {
    assert.equal(
      open({ path: at('env'), env: { HADOOP_CREDSTORE_PASSWORD: 'envSecret' } })('password'),
      'filtered_env',
    );
  });

  test('is in the password file, looked for on the class path, blanks around it dropped', () => {
    assert.equal(open({ path: at('file'), passwordFile: 'password.txt' })('password'), 'filtered_file');
    const full = { path: at('file'), passwordFile: `${STORES}/password.txt`, classPath: [] };
    assert.equal(open(full)('password'), 'filtered_file');
  });

  test('the environment wins over the file', () => {
    const env = { HADOOP_CREDSTORE_PASSWORD: 'filePassword' };
    const given = { path: at('file'), env, passwordFile: 'wrong-password.txt' };
    assert.equal(open(given)('password'), 'filtered_file');
  });

  const wrong: readonly (readonly [string, Given, RegExp])[] = [
    ['absent where one is needed', { path: at('env') }, /env\.jceks cannot be opened: the password is wrong/],
    [
      'wrong in the environment',
      { path: at('env'), env: { HADOOP_CREDSTORE_PASSWORD: 'x' } },
      /the password is wrong/,
    ],
    ['wrong in the file', { path: at('file'), passwordFile: 'wrong-password.txt' }, /the password is wrong/],
    [
      'in a file that is not there',
      { path: at('file'), passwordFile: 'nowhere.txt' },
      /Password file does not exist: nowhere\.txt/,
    ],
  ];
  for (const [name, given, message] of wrong) {
    test(`${name}: the filter throws`, () => {
      assert.throws(() => open(given)('password'), { code: 'CONF_OPTION_VALUE', message });
    });
  }
});

describe('credential.provider.path', () => {
  test('is required', () => {
    assert.throws(() => open({}), { code: 'CONF_OPTION_REQUIRED', message: /credential\.provider\.path/ });
  });

  test('may name several stores; the first that has the key gives it', () => {
    const filter = open({
      path: ` localjceks://file${STORES}/keytool.jceks , jceks://file/${STORES}/keytool.jceks`,
      env: { HADOOP_CREDSTORE_PASSWORD: 'changeit' },
    });
    assert.equal(filter('password'), 'filtered_keytool');
  });

  test('keys are compared in lower case, as Hadoop stores them; an unknown one gives nothing', () => {
    const filter = open({ path: at('keytool'), env: { HADOOP_CREDSTORE_PASSWORD: 'changeit' } });
    assert.equal(filter('PassWord'), 'filtered_keytool');
    assert.equal(filter('nobody'), null);
    assert.equal(filter('trusted'), null);
  });

  test('a store elsewhere, and one that is not there, throw', () => {
    assert.throws(() => open({ path: 'jceks://hdfs@nn/user/x.jceks' })('k'), /not on the local file system/);
    assert.throws(() => open({ path: 'jceks://file/no/such.jceks' })('k'), /ENOENT/);
  });
});

test('in a configuration the secret replaces the text, and a wrong password leaves it with a warning', async () => {
  const lines = (store: string) => `a1.configfilters = f
a1.configfilters.f.type = hadoop
a1.configfilters.f.credential.provider.path = ${at(store)}
a1.configfilters.f.credstore.java-keystore-provider.password-file = password.txt
a1.sources.r1.bind = \${f['password']}`;
  const right = await planWith(lines('file'), { classPath: [STORES] });
  assert.equal(sourceOf(right).properties.bind, 'filtered_file');
  const wrong = await planWith(lines('env'), { classPath: [STORES] });
  assert.equal(sourceOf(wrong).properties.bind, `\${f['password']}`);
  assert.match(only(wrong.findings, 'CONF_SUBSTITUTION').text, /Config filter f .*password is wrong/);
});
