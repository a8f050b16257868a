/** Encryption of the file channel in whole agents: restarts, rotation, and keys that are wrong or missing. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import declaration from '../../../src/channels/file/index.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { keyIn, logCipher } from '../../../src/transaction/log-channel/encryption.ts';
import { Collected, type Flow, kitPlugin, netcatSource, runFlow } from '../../kit/flow.ts';
import { LineClient } from '../../kit/lines.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const KEYS = fileURLToPath(new URL('../../fixtures/channel-keys/', import.meta.url));

/** Options of Flume's guide, for the store of the fixtures. */
const STORE: Readonly<Record<string, string>> = {
  'encryption.activeKey': 'key-0',
  'encryption.cipherProvider': 'AESCTRNOPADDING',
  'encryption.keyProvider': 'JCEKSFILE',
  'encryption.keyProvider.keyStoreFile': join(KEYS, 'keys.jceks'),
  'encryption.keyProvider.keyStorePasswordFile': join(KEYS, 'store.password'),
  'encryption.keyProvider.keys': 'key-0',
  'encryption.keyProvider.keys.key-0.passwordFile': join(KEYS, 'key-0.password'),
};

type Properties = Readonly<Record<string, string>>;

function channel(directory: string, encryption: Properties, type = 'file'): string {
  const lines = Object.entries({
    type,
    checkpointDir: join(directory, 'checkpoint'),
    dataDirs: `${join(directory, 'data1')},${join(directory, 'data2')}`,
    minimumRequiredSpace: '1MiB',
    ...encryption,
  });
  return lines.map(([key, value]) => `channels.c1.${key} = ${value}`).join('\n');
}

function agent(channelLines: string, ...more: string[]): string {
  return ['sources = r1', 'channels = c1', netcatSource(), channelLines, ...more].join('\n');
}

async function send(flow: Flow, lines: string[]): Promise<void> {
  const client = new LineClient(await flow.port('r1'));
  client.send(lines);
  const answers = await client.untilLines(lines.length);
  client.end();
  assert.deepEqual(new Set(answers), new Set(['OK']));
}

/** Puts lines with one agent, which is stopped again. */
async function put(t: TestContext, channelLines: string, lines: string[]): Promise<Flow> {
  const flow = await runFlow(t, agent(channelLines));
  await send(flow, lines);
  await flow.stop();
  return flow;
}

async function deliver(t: TestContext, channelLines: string) {
  const collected = new Collected(t);
  const flow = await runFlow(t, agent(channelLines, 'sinks = k1', collected.sink('k1', 'c1')));
  return { collected, flow };
}

function lines(name: string, count = 20): string[] {
  return Array.from({ length: count }, (_, n) => `${name}-${n}`);
}

function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

describe('an encrypted file channel', () => {
  for (const [name, type, options] of [
    ['a JCEKS store', 'file', STORE],
    ['a JCEKS store and memory in front', 'spillablememory', { ...STORE, memoryCapacity: '0' }],
  ] as const) {
    test(`with ${name}, it keeps its events over a restart, and nothing of them is in its files`, async (t) => {
      const directory = temporaryDirectory();
      const lines1 = channel(directory, options, type);
      const first = await runFlow(
        t,
        `sources = r1
         channels = c1
         sources.r1.type = ${kitPlugin('counter-source')}
         sources.r1.events = 500
         sources.r1.batchSize = 50
         sources.r1.bodyBytes = 400
         sources.r1.channels = c1
         ${lines1}`,
      );
      await until('all are put', () => first.counter('channel', 'c1', 'EventPutSuccessCount') === 500);
      // A stop of a spillable channel waits for its sinks.
      await first.stop(100);
      assert.deepEqual(filesWith(directory, '499   '), [], 'nothing is in the clear');
      assert.ok(filesWith(directory, 'key-0').length > 0, 'blocks name their key');
      const { collected, flow } = await deliver(t, lines1);
      await collected.untilCount(500);
      assert.deepEqual(
        collected.bodies.map((body) => body.trimEnd()),
        Array.from({ length: 500 }, (_, n) => `${n}`),
      );
      await until('it is empty', () => flow.counter('channel', 'c1', 'ChannelSize') === 0);
      assert.equal(flow.status('channel', 'c1').state, 'running');
    });
  }

  test('after a change of the active key, and of the store to PKCS #12, blocks of before and after are delivered in order', async (t) => {
    const directory = temporaryDirectory();
    await put(t, channel(directory, {}), lines('clear'));
    await put(t, channel(directory, STORE), lines('old'));
    const rotated = {
      ...STORE,
      'encryption.activeKey': 'Key-1',
      'encryption.keyProvider.keyStoreFile': join(KEYS, 'keys.p12'),
      'encryption.keyProvider.keys': 'Key-1 key-0',
      'encryption.keyProvider.keys.key-0.passwordFile': join(KEYS, 'store.password'),
    };
    const flow = await put(t, channel(directory, rotated), lines('new'));
    await flow.untilLogged('blocks are encrypted with the key Key-1, AES-256-CTR');
    const { collected } = await deliver(t, channel(directory, rotated));
    await collected.untilCount(60);
    assert.deepEqual(collected.bodies, [...lines('clear'), ...lines('old'), ...lines('new')]);
  });

  test('a block whose key is missing stops delivery there, is shown, and is delivered when the key is back', async (t) => {
    const directory = temporaryDirectory();
    const keyFile = (name: string) => {
      const file = join(directory, `${name}.key`);
      writeFileSync(file, name.repeat(16).slice(0, 16));
      return { [`encryption.keyProvider.keys.${name}.file`]: file };
    };
    const provider = (active: string, ...others: string[]): Properties =>
      Object.assign(
        {
          'encryption.activeKey': active,
          'encryption.keyProvider': 'KEYFILE',
          'encryption.keyProvider.keys': [active, ...others].join(' '),
        },
        ...[active, ...others].map(keyFile),
      );
    await put(t, channel(directory, provider('one')), lines('first'));
    await put(t, channel(directory, provider('two')), lines('second'));
    const { collected, flow } = await deliver(t, channel(directory, provider('one')));
    await collected.untilCount(20);
    await until('it is shown', () => flow.status('channel', 'c1').state === 'degraded');
    await send(flow, lines('third'));
    const { reason } = flow.status('channel', 'c1');
    assert.match(
      reason!,
      /events 20 to \d+ \(\d+\) is encrypted with the key two, which the key provider lacks/,
    );
    assert.match(reason!, /delivery stops there, nothing is lost; add the key two back/);
    await until('all behind it wait', () => flow.counter('channel', 'c1', 'ChannelSize') === 40);
    assert.deepEqual(collected.bodies, lines('first'));
    await flow.stop();
    const again = await deliver(t, channel(directory, provider('one', 'two')));
    await again.collected.untilCount(40);
    assert.deepEqual(again.collected.bodies, [...lines('second'), ...lines('third')]);
    assert.equal(again.flow.status('channel', 'c1').state, 'running');
  });

  test('encrypted blocks without any encryption option are not delivered, and the options are named', async (t) => {
    const directory = temporaryDirectory();
    await put(t, channel(directory, STORE), lines('x'));
    const { collected, flow } = await deliver(t, channel(directory, {}));
    await until('it is shown', () => flow.status('channel', 'c1').state === 'degraded');
    assert.match(
      flow.status('channel', 'c1').reason!,
      /key-0, and encryption is not configured.*set encryption\.keyProvider/,
    );
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), 20);
    assert.deepEqual(collected.bodies, []);
  });

  test('a wrong password: the channel fails at its start with option, alias and remedy', async (t) => {
    const wrong = { 'encryption.keyProvider.keys.key-0.passwordFile': join(KEYS, 'wrong.password') };
    const flow = await runFlow(t, agent(channel(temporaryDirectory(), { ...STORE, ...wrong })));
    await until('it fails', () => flow.status('channel', 'c1').state === 'failed');
    const { reason } = flow.status('channel', 'c1');
    assert.match(
      reason!,
      /channel c1: encryption\.keyProvider\.keys names key-0: key key-0 of .*keys\.jceks cannot be read/,
    );
    assert.match(reason!, /correct the password in .*wrong\.password/);
    assert.equal(flow.counter('channel', 'c1', 'Unhealthy'), 1);
    assert.equal(
      flow.logged(/wrongPassword|storePassword|keyZeroPassword/),
      undefined,
      'no secret is logged',
    );
  });
});

function cipherOf(properties: Properties) {
  const { values, findings } = parseOptions(declaration.options, properties, { component: 'channel c1' });
  assert.deepEqual(findings, []);
  const logged: string[] = [];
  return logCipher('c1', values, { info: (text) => logged.push(text) });
}

const { 'encryption.keyProvider': _, ...WITHOUT_PROVIDER } = STORE;

describe('options of encryption', () => {
  test('without any, there is none', () => {
    assert.equal(cipherOf({}), null);
  });

  for (const [option, value] of [
    ['encryption.keyProvider', 'jceksfile'],
    ['encryption.keyProvider', 'org.apache.flume.channel.file.encryption.JCEFileKeyProvider$Builder'],
    ['encryption.keyProvider', 'PKCS12FILE'],
    ['encryption.cipherProvider', 'aesCtrNoPadding'],
    [
      'encryption.cipherProvider',
      'org.apache.flume.channel.file.encryption.AESCTRNoPaddingProvider$EncryptorBuilder',
    ],
  ] as const) {
    test(`${option} = ${value} is understood`, () => {
      assert.equal(cipherOf({ ...STORE, [option]: value })?.activeAlias, 'key-0');
    });
  }

  const refused: readonly (readonly [string, Properties, string, RegExp])[] = [
    [
      'a cipher without a key provider',
      WITHOUT_PROVIDER,
      'encryption.activeKey',
      /encryption\.keyProvider is not/,
    ],
    ['no active key', { ...STORE, 'encryption.activeKey': '' }, 'encryption.activeKey', /is missing/],
    [
      'another cipher',
      { ...STORE, 'encryption.cipherProvider': 'ROT13' },
      'encryption.cipherProvider',
      /ROT13 is not known/,
    ],
    [
      'another provider',
      { ...STORE, 'encryption.keyProvider': 'com.acme.Vault$Builder' },
      'encryption.keyProvider',
      /Vault\$Builder is not known/,
    ],
    [
      'no store',
      { ...STORE, 'encryption.keyProvider.keyStoreFile': '' },
      'encryption.keyProvider.keyStoreFile',
      /is missing/,
    ],
    [
      'a store that is not there',
      { ...STORE, 'encryption.keyProvider.keyStoreFile': '/nowhere' },
      'encryption.keyProvider.keyStoreFile',
      /\/nowhere cannot be read/,
    ],
    [
      'no key store',
      { ...STORE, 'encryption.keyProvider.keyStoreFile': join(KEYS, 'make.sh') },
      'encryption.keyProvider.keyStoreFile',
      /is not a JCEKS key store/,
    ],
    [
      'a wrong password of the store',
      { ...STORE, 'encryption.keyProvider.keyStorePasswordFile': join(KEYS, 'wrong.password') },
      'encryption.keyProvider.keyStoreFile',
      /the password is wrong/,
    ],
    [
      'an old key that is not in the store',
      { ...STORE, 'encryption.keyProvider.keys': 'key-0 key-9' },
      'encryption.keyProvider.keys',
      /names key-9, and the key provider has no key/,
    ],
    [
      'an active key that is not in the store',
      { ...STORE, 'encryption.activeKey': 'key-9' },
      'encryption.activeKey',
      /names key-9/,
    ],
    [
      'a key that is not for AES',
      { ...STORE, 'encryption.activeKey': 'mac' },
      'encryption.activeKey',
      /names mac, a key of 20 bytes; AES needs 16, 24 or 32/,
    ],
    [
      'a key file that is none',
      {
        ...STORE,
        'encryption.keyProvider': 'KEYFILE',
        'encryption.keyProvider.keys.key-0.file': join(KEYS, 'make.sh'),
      },
      'encryption.keyProvider.keys.key-0.file',
      /holds no key/,
    ],
    [
      'a key file that is not there',
      { ...STORE, 'encryption.keyProvider': 'KEYFILE', 'encryption.keyProvider.keys.key-0.file': '/nowhere' },
      'encryption.keyProvider.keys.key-0.file',
      /\/nowhere cannot be read/,
    ],
    [
      'no key file',
      { ...STORE, 'encryption.keyProvider': 'KEYFILE' },
      'encryption.keyProvider.keys',
      /names key-0, and the key provider has no key/,
    ],
    [
      'an alias that is too long',
      { ...STORE, 'encryption.activeKey': 'k'.repeat(256) },
      'encryption.activeKey',
      /more than 255 bytes/,
    ],
  ];
  for (const [name, properties, option, message] of refused) {
    test(`${name}: an error that names the option and a remedy`, () => {
      assert.throws(
        () => cipherOf(properties),
        (error: { message: string; detail: { option?: string; remedy?: string } }) => {
          assert.match(error.message, message);
          assert.ok(error.message.startsWith('channel c1: '), error.message);
          assert.equal(error.detail.option, option);
          assert.ok(error.detail.remedy);
          assert.doesNotMatch(error.message + error.detail.remedy, /Password\b(?!File)/, 'no secret is told');
          return true;
        },
      );
    });
  }

  for (const bytes of [16, 24, 32]) {
    const key = Buffer.from(Array.from({ length: bytes }, (_value, n) => 255 - 7 * n));
    test(`a key file holds ${bytes} bytes, as they are, in hexadecimal digits or base64`, () => {
      assert.deepEqual(keyIn(key), key);
      assert.deepEqual(keyIn(Buffer.from(`${key.toString('hex')}\n`)), key);
      assert.deepEqual(keyIn(Buffer.from(key.toString('hex').toUpperCase())), key);
      assert.deepEqual(keyIn(Buffer.from(`${key.toString('base64')}\r\n`)), key);
    });
  }

  test('a key of another size is none', () => {
    for (const bytes of [0, 15, 17, 20, 33, 64])
      assert.equal(keyIn(Buffer.alloc(bytes, 0xfe)), null, `${bytes}`);
  });
});
