/** How an agent does not start, and what --dryrun tells. Starting and stopping is in test/flows. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { confFile, runMillrace, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { badFile, GOOD, goodFile } from '../kit.ts';

const CONSOLE = '-Dflume.root.logger=INFO,console';
/** One thread starts faster than several, and these tests are not about threads. */
const SMALL = '-Dmillrace.workers.max=1';
const FATAL = /A fatal error occurred while running\. Exception follows\./;

describe('an agent that cannot start', () => {
  const usage: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['without --name', ['-f', 'x.conf'], /^Missing required option: n \(--name NAME\)/],
    [
      'with --name and nothing behind it',
      ['-f', 'x.conf', '--name'],
      /^Error: Missing argument for option: --name/,
    ],
    [
      'with a poll interval of no number',
      ['-n', 'a1', '-f', 'x', '-i', 'often'],
      /^--poll-interval often is not/,
    ],
    ['without a file', ['-n', 'a1', CONSOLE], /No configuration: give --conf-file FILE or --conf-uri URI/],
    [
      'with a Java class as provider',
      ['-n', 'a1', '-prov', 'X', CONSOLE],
      /--conf-provider is not available/,
    ],
    ['with ZooKeeper', ['-n', 'a1', '-z', 'h:2181', CONSOLE], /--zkConnString is not available/],
    ['with a file that is not there', ['-n', 'a1', '-f', 'no.conf', CONSOLE], /does not exist: no\.conf/],
  ];
  for (const [name, args, message] of usage) {
    test(`${name} says so on standard error and ends with 1`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, ['agent', ...args]);
      assert.deepEqual([ended, stdout], [1, '']);
      assert.match(stderr, message);
    });
  }

  test('because nothing could be read logs Flume’s fatal text and why', async (t) => {
    const { ended, stderr } = await runMillrace(t, ['agent', '-n', 'a1', '-f', 'no.conf', CONSOLE]);
    assert.equal(ended, 1);
    assert.match(
      stderr,
      /ERROR .*The specified configuration file does not exist: no\.conf .*check the path/,
    );
    assert.match(stderr, FATAL);
    assert.match(stderr, /No configuration could be found/);
  });

  test('because of an unknown type ends with 78 and says what was meant', async (t) => {
    const file = confFile(GOOD.replace('k1.type = logger', 'k1.type = loger'));
    const { ended, stderr } = await runMillrace(t, ['agent', '-n', 'a1', '-f', file, CONSOLE]);
    assert.equal(ended, 78);
    assert.match(stderr, FATAL);
    assert.match(
      stderr,
      /sink k1: unable to load sink type: loger \[.*flume\.conf:17\] → did you mean logger\?/,
    );
  });
});

test('an agent that the file does not have idles, as Flume’s does, and ends with 0 when it is told to', async (t) => {
  const agent = startMillrace(t, ['agent', '-n', 'a9', '-f', goodFile(), CONSOLE]);
  await agent.untilWrites(
    /No configuration found for this host:a9 → the configuration has: a1; did you mean --name a1\?/,
  );
  await agent.untilWrites(/Post-validation flume configuration contains configuration for agents: \[a1\]/);
  assert.equal(agent.ended, null);
  agent.signal('SIGTERM');
  assert.equal(await agent.exit(), 0);
});

test('a component with a bad option is removed, the rest starts, and the log says where and why', async (t) => {
  const file = confFile(GOOD.replace('r1.port = 0', 'r1.port = x'));
  const agent = startMillrace(t, ['agent', '-n', 'a1', '-f', file, CONSOLE, SMALL]);
  await agent.untilWrites(
    /Source r1 has been removed due to an error during configuration: port = x is not a whole number.* \[.*flume\.conf:7\] → give a whole number/,
  );
  await agent.untilWrites(/Component type: SINK, name: k2 started/);
  agent.signal('SIGINT');
  assert.equal(await agent.exit(), 0);
});

test('--backup-directory keeps the last configuration and uses it when none can be read', async (t) => {
  const directory = temporaryDirectory();
  const file = join(directory, 'flume.conf');
  const text = GOOD.replace('header = level', String.raw`header = \ a\\b:c = ü`).replaceAll(/^ +/gm, '');
  const args = ['agent', '-n', 'a1', '-f', file, '-b', join(directory, 'kept'), CONSOLE, SMALL];
  writeFileSync(file, text);
  const first = startMillrace(t, args);
  await first.untilWrites(/Channel c1 connected to \[r1, k1, k2\]/);
  first.signal('SIGTERM');
  await first.exit();
  rmSync(file);
  const second = startMillrace(t, args);
  await second.untilWrites(/the last good one is used \(.*\.a1\.properties\)/);
  await second.untilWrites(/Channel c2 connected to \[r1, k3\]/);
  second.signal('SIGTERM');
  await second.exit();
  const kept = join(directory, 'kept/.a1.properties');
  const { stdout } = await runMillrace(t, ['validate', kept, '-n', 'a1', '--json']);
  const plan = JSON.parse(stdout).plan as { units: { selector?: { properties: { header: string } } }[] };
  const header = plan.units.find((unit) => unit.selector !== undefined)?.selector?.properties.header;
  assert.equal(header, 'a\\b:c = ü');
});

describe('--conf-uri', () => {
  test('over http, with user and password', async (t) => {
    const server = createServer((request, response) => {
      const wanted = `Basic ${Buffer.from('flume:secret').toString('base64')}`;
      if (request.headers.authorization !== wanted) response.writeHead(401).end();
      else response.end(GOOD.replaceAll(/^ +/gm, ''));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    t.after(() => server.close());
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/flume.conf`;
    const args = ['agent', '-n', 'a1', '-u', uri, '-f', 'ignored.conf', '-d', '-user', 'flume'];
    const right = await runMillrace(t, [...args, '-pwd', 'secret']);
    assert.deepEqual([right.ended, right.stderr], [0, '']);
    assert.doesNotMatch(right.stdout, /pwd secret/);
    const wrong = await runMillrace(t, [...args, '-pwd', 'other']);
    assert.equal(wrong.ended, 78);
    assert.match(wrong.stderr, /the server answered 401/);
  });

  test('classpath: looks into --conf and -C', async (t) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'f.conf'), GOOD.replaceAll(/^ +/gm, ''));
    for (const option of ['--conf', '-C']) {
      const { ended } = await runMillrace(t, [
        'agent',
        '-n',
        'a1',
        '-u',
        'classpath:f.conf',
        option,
        directory,
        '-d',
      ]);
      assert.equal(ended, 0, option);
    }
  });
});

describe('--dryrun', () => {
  for (const option of ['--dryrun', '-d']) {
    test(`${option} prints the command without it and what would run, starts nothing, and ends with 0`, async (t) => {
      const file = goodFile();
      const args = ['agent', '-n', 'a1', '-f', file, CONSOLE, '-Dflume.monitoring.type=http'];
      const { ended, stdout, stderr } = await runMillrace(t, [...args, option]);
      assert.deepEqual([ended, stderr], [0, '']);
      const [command, ...rest] = stdout.trimEnd().split('\n');
      assert.ok(command!.endsWith(` ${args.join(' ')}`), command);
      assert.deepEqual(rest, [
        'agent a1: 5 units would run',
        '  channel c1: memory',
        '  channel c2: memory',
        '  source r1: netcat → c1, c2',
        '  group g1 (failover): k1: logger ← c1; k2: null ← c1',
        '  sink k3: logger ← c2',
      ]);
    });
  }

  test('of a configuration with an error tells it on standard error and ends with 78', async (t) => {
    const { ended, stdout, stderr } = await runMillrace(t, ['agent', '-n', 'a1', '-f', badFile(), '-d']);
    assert.equal(ended, 78);
    assert.match(stderr, /error: Source r1 has been removed .*: required option bind is missing/);
    assert.match(stdout, /^agent a1: 4 units would run$/m);
  });

  test('without what an agent needs is an error as without it', async (t) => {
    const noName = await runMillrace(t, ['agent', '-d', '-f', 'x']);
    assert.deepEqual([noName.ended, /Missing required option: n/.test(noName.stderr)], [1, true]);
    const noFile = await runMillrace(t, ['agent', '-d', '-n', 'a1']);
    assert.deepEqual([noFile.ended, /No configuration: give/.test(noFile.stderr)], [1, true]);
  });

  test('of another command prints the command only', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['version', '-d']);
    assert.equal(ended, 0);
    assert.match(stdout, /^\S.* version\n$/);
  });
});

test('the deprecated name of agent is warned of and works', async (t) => {
  const { ended, stdout, stderr } = await runMillrace(t, ['node', '-n', 'a1', '-f', goodFile(), '-d']);
  assert.equal(ended, 0);
  assert.match(stderr, /^Warning: The "node" command is deprecated\. Please use "agent" instead\.\n$/);
  assert.match(stdout, / agent -n a1 /);
});
