import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseArguments } from '../../src/cli/arguments.ts';
import agent from '../../src/cli/commands/agent.ts';
import { environmentOf } from '../../src/cli/environment.ts';
import { HOME } from '../kit/process.ts';

const NAMES = ['MILLRACE_HOME', 'JAVA_OPTS', 'FLUME_JAVA_OPTS', 'FLUME_CLASSPATH'];

function environment(
  t: TestContext,
  argv: readonly string[],
  variables: Readonly<Record<string, string>> = {},
) {
  for (const name of NAMES) {
    const before = process.env[name];
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
    delete process.env[name];
  }
  Object.assign(process.env, variables);
  return environmentOf(parseArguments(argv, agent.options));
}

describe('properties and memory', () => {
  test('come from JAVA_OPTS, then FLUME_JAVA_OPTS, then the command line; the last wins', (t) => {
    const made = environment(t, ['-Dc=3', '-Xmx3g'], {
      JAVA_OPTS: '-Da=1 -Db=1  -Dc=1 -Xms100m -Xmx1g',
      FLUME_JAVA_OPTS: '-Db=2 -Dc=2 -Xmx2g',
    });
    assert.deepEqual(made.systemProperties, { a: '1', b: '2', c: '3' });
    assert.equal(made.heapBytes, 3 * 1024 ** 3);
  });

  test('a heap of the environment counts when the command line has none', (t) => {
    assert.equal(environment(t, [], { JAVA_OPTS: '-Xmx20m' }).heapBytes, 20 * 1024 ** 2);
  });

  test('what is no -D and no -X in JAVA_OPTS is no mistake', (t) => {
    const made = environment(t, [], { JAVA_OPTS: '-server -javaagent:x.jar -cp y --add-opens z' });
    assert.deepEqual([made.systemProperties, made.heapBytes], [{}, null]);
  });
});

describe('folders', () => {
  test('the class path is --conf, every -C, and FLUME_CLASSPATH', (t) => {
    const made = environment(t, ['-c', 'conf', '-C', '/a:/b', '-C', '/c'], { FLUME_CLASSPATH: ':/d' });
    assert.equal(made.confDir, resolve('conf'));
    assert.deepEqual(made.classPath, [resolve('conf'), '/a', '/b', '/c', '/d']);
  });

  test('without --conf there is none, and nothing on the class path', (t) => {
    const made = environment(t, []);
    assert.deepEqual([made.confDir, made.classPath], [null, []]);
  });

  test('plug-ins are in plugins.d of the installation, or where --plugins-path says', (t) => {
    assert.deepEqual(environment(t, []).pluginPaths, [join(HOME, 'plugins.d')]);
    assert.deepEqual(environment(t, [], { MILLRACE_HOME: '/opt/m' }).pluginPaths, ['/opt/m/plugins.d']);
    assert.deepEqual(environment(t, ['--plugins-path', '/x:/y']).pluginPaths, ['/x', '/y']);
  });
});
