/** The Flume appender of log4j 2 writes to an avro source: what arrives. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { logByLog4j } from '../peers/log4j2/index.ts';
import { Receiver } from './receiver.ts';

const MESSAGES = 1000;
/** The last message of every ten is structured data, which has headers of its own. */
const STRUCTURED = 9;

interface Arrived {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

function parsed(line: string): Arrived {
  const end = line.lastIndexOf(' ');
  const headers = Object.fromEntries(JSON.parse(line.slice(0, end)) as [string, string][]);
  return { headers, body: Buffer.from(line.slice(end + 1), 'hex') };
}

describe('log4j 2', { timeout: 120_000 }, () => {
  test('its Flume appender: bodies and headers', async (t) => {
    const receiver = await Receiver.start(t, { source: ['type = avro'] });
    const begunMs = Date.now();
    await logByLog4j(receiver.port, MESSAGES, ['rfc5424', 'pattern', 'compressed']);
    const events = (await receiver.arrived(3 * MESSAGES)).map(parsed);
    assert.equal(events.length, 3 * MESSAGES);
    assert.equal(new Set(events.map(guidOf)).size, 3 * MESSAGES);
    for (const { headers } of events) {
      const timeMs = Number(headers.timeStamp);
      assert.ok(timeMs >= begunMs && timeMs <= Date.now(), `timeStamp ${headers.timeStamp}`);
    }
    const of = (logger: number) => events.slice(logger * MESSAGES, (logger + 1) * MESSAGES);

    await t.test('RFC 5424, ten events a call', () => {
      for (const [n, { headers, body }] of of(0).entries()) {
        const pattern = n % 10 === STRUCTURED ? STRUCTURED_LINE : LINE;
        const match = pattern.exec(body.toString());
        assert.ok(match !== null, body.toString());
        assert.equal(match[1], `${n}`);
        assert.deepEqual(rest(headers), { ...context('', 'rfc5424', n), ...structured('', n) });
      }
      const batches = receiver.flow.counter('source', 'r1', 'AppendBatchAcceptedCount');
      assert.equal(batches, MESSAGES / 10);
    });

    await t.test('a pattern, prefixes for headers', () => {
      for (const [n, event] of of(1).entries()) {
        const { headers, body } = event;
        assert.equal(body.toString(), `INFO pattern ${messageOf(event, n)}`);
        const expected = { ...context('mdc_', 'pattern', n), ...structured('event_', n) };
        assert.deepEqual(rest(headers), expected);
      }
      assert.equal(receiver.flow.counter('source', 'r1', 'AppendAcceptedCount'), 2 * MESSAGES);
    });

    await t.test('compressed, as it is by default: gzip, and no header says so', () => {
      for (const [n, event] of of(2).entries()) {
        const { headers, body } = event;
        assert.equal(gunzipSync(body).toString(), `INFO compressed ${messageOf(event, n)}`);
        assert.deepEqual(rest(headers), { ...context('', 'compressed', n), ...structured('', n) });
      }
    });
  });
});

const LINE = /^<134>1 \S+ \S+ shop \d* ?- \[mdc@18060 .*user="Zoë €"\] message (\d+) naïve 𝄞$/;
const STRUCTURED_LINE = /^<134>1 \S+ \S+ shop .*\[Transfer@18060 amount="(\d+)".*\] transfer \d+$/;

function guidOf({ headers }: Arrived): string {
  return headers.guId ?? headers.event_guId ?? '';
}

function messageOf(event: Arrived, n: number): string {
  if (n % 10 !== STRUCTURED) return `message ${n} naïve 𝄞`;
  return `Audit [Transfer@18060 amount="${n}" guId="${guidOf(event)}"] transfer ${n}`;
}

/** What the thread's context becomes. */
function context(prefix: string, logger: string, n: number): Record<string, string> {
  return { [`${prefix}request`]: `${logger}-${n}`, [`${prefix}user`]: 'Zoë €' };
}

function structured(prefix: string, n: number): Record<string, string> {
  if (n % 10 !== STRUCTURED) return {};
  return {
    [`${prefix}eventId`]: 'Transfer',
    [`${prefix}eventType`]: 'Audit',
    [`${prefix}amount`]: `${n}`,
  };
}

/** Headers but for those that differ in each run. */
function rest(headers: Arrived['headers']): Record<string, string> {
  const { guId: _, event_guId: __, timeStamp: ___, ...others } = headers;
  return others;
}
