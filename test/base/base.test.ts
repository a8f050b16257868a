import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { assert as must } from '../../src/base/assert.ts';
import { systemClock } from '../../src/base/clock.ts';
import { ERRORS, type ErrorCode, MillraceError, messageOf } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';

describe('assertions of Millrace', () => {
  test('pass what is true and stop what is not, with the text and a name of its own', () => {
    for (const good of [true, 1, 'x', {}]) must(good, 'never told');
    for (const bad of [false, 0, '', null, undefined]) {
      assert.throws(() => must(bad, 'slot is free'), { name: 'AssertionFailed', message: 'slot is free' });
    }
  });
});

describe('errors', () => {
  test('carry code, text, detail and cause', () => {
    const cause = new Error('ENOENT');
    const detail = { component: 'source r1', option: 'port', value: 'x', remedy: 'set a number', cause };
    const error = new MillraceError('CONF_OPTION_VALUE', 'port is not a number', detail);
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'MillraceError');
    assert.equal(error.message, 'port is not a number');
    assert.equal(error.code, 'CONF_OPTION_VALUE');
    assert.equal(error.cause, cause);
    assert.deepEqual(error.detail, detail);
    assert.equal(String(error), 'MillraceError: port is not a number');
  });

  test('without a cause have none, and an empty detail', () => {
    const error = new MillraceError('INTERNAL', 'x');
    assert.equal(Object.hasOwn(error, 'cause'), false);
    assert.deepEqual(error.detail, {});
  });

  test('are retryable when their code is', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      assert.equal(new MillraceError(code, 'x').retryable, ERRORS[code].retryable, code);
    }
    assert.equal(new MillraceError('CHANNEL_FULL', 'x').retryable, true);
    assert.equal(new MillraceError('CONF_SYNTAX', 'x').retryable, false);
  });

  test('of the configuration are never retryable, and every code has a sentence of help', () => {
    for (const [code, { retryable, help }] of Object.entries(ERRORS)) {
      assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
      assert.match(help, /^[A-Z].{10,}[a-z]\.$/, code);
      if (code.startsWith('CONF_')) assert.equal(retryable, false, code);
    }
  });

  test('of any kind have a message', () => {
    assert.equal(messageOf(new Error('broken')), 'broken');
    assert.equal(messageOf('text'), 'text');
    assert.equal(messageOf(undefined), 'undefined');
    assert.equal(messageOf({ toString: () => 'own' }), 'own');
  });
});

describe('small parts', () => {
  test("the system's clock tells epoch milliseconds", () => {
    const before = Date.now();
    const now = systemClock.now();
    assert.ok(now >= before && now <= Date.now());
  });

  test('the silent logger takes everything, under any name, and says nothing', () => {
    const named = silentLogger.named('org.apache.flume.sink.LoggerSink');
    assert.equal(named, silentLogger);
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const)
      assert.equal(named[level]('text'), undefined);
  });
});

describe('MILLRACE_NATIVE', () => {
  const url = new URL('../../src/base/native.ts', import.meta.url).href;
  const variableOf = (value: string | undefined) => {
    const { MILLRACE_NATIVE: _, MSGPACKR_NATIVE_ACCELERATION_DISABLED: __, ...rest } = process.env;
    const script = `await import('${url}'); console.log(process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED)`;
    const env = value === undefined ? rest : { ...rest, MILLRACE_NATIVE: value };
    return spawnSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' })
      .stdout;
  };

  test('0 keeps the native reader of msgpackr out, anything else leaves it alone', () => {
    assert.equal(variableOf('0'), 'true\n');
    assert.equal(variableOf('1'), 'undefined\n');
    assert.equal(variableOf(undefined), 'undefined\n');
  });
});
