/** Interceptors, each over a batch built for it; the first case is the batch alone, to be subtracted. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import type { Interceptor } from '../../src/component/interceptor.ts';
import type { OptionTable } from '../../src/component/options/table.ts';
import type { BatchEditor } from '../../src/memory/block/editor.ts';
import type { Headers } from '../../src/memory/block/headers.ts';
import { registry } from '../../src/registry.ts';
import { BODY_BYTES, type Case, contextFor, linesOf, lineText, newBuilder, type Subject } from '../kit.ts';

interface Wanted {
  readonly name: string;
  /** Alias, or class where there is no alias. */
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  readonly headers?: Headers;
  readonly check: (batch: BatchEditor, size: number) => void;
}

function everyEvent(batch: BatchEditor, size: number, check: (index: number) => void): void {
  assert.equal(batch.count, size);
  for (let i = 0; i < size; i++) check(i);
}

const isError = (index: number) => index % 4 === 0;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const WANTED: readonly Wanted[] = [
  {
    name: 'timestamp',
    type: 'timestamp',
    options: {},
    check: (batch, size) =>
      everyEvent(batch, size, (i) => {
        const age = Date.now() - Number(batch.header(i, 'timestamp'));
        assert.ok(age >= 0 && age < 60_000, `${age} ms old`);
      }),
  },
  {
    name: 'host',
    type: 'host',
    options: {},
    check: (batch, size) =>
      everyEvent(batch, size, (i) => assert.match(batch.header(i, 'host') ?? '', /^\d+(\.\d+){3}$/)),
  },
  {
    name: 'static',
    type: 'static',
    options: { key: 'datacenter', value: 'NYC' },
    check: (batch, size) =>
      everyEvent(batch, size, (i) => assert.equal(batch.header(i, 'datacenter'), 'NYC')),
  },
  {
    name: 'regex_filter, keeps a quarter',
    type: 'regex_filter',
    options: { regex: '^ERROR' },
    check: (batch, size) => {
      const kept = Array.from({ length: size }, (_, i) => i).filter(isError);
      assert.deepEqual(
        Array.from({ length: batch.count }, (_, i) => batch.bodyText(i)),
        kept.map(lineText),
      );
    },
  },
  {
    name: 'regex_extractor, two groups',
    type: 'regex_extractor',
    options: {
      regex: '^(\\w+) request (\\d+)',
      serializers: 's1 s2',
      'serializers.s1.name': 'level',
      'serializers.s2.name': 'request',
    },
    check: (batch, size) =>
      everyEvent(batch, size, (i) => {
        const expected = [
          ['level', isError(i) ? 'ERROR' : 'INFO'],
          ['request', String(i)],
        ];
        assert.deepEqual([...batch.headers(i)], expected);
      }),
  },
  {
    name: 'search_replace, matches in a tenth',
    type: 'search_replace',
    options: { searchPattern: '[0-9]{16}', replaceString: '****' },
    check: (batch, size) =>
      everyEvent(batch, size, (i) =>
        assert.equal(batch.bodyText(i), lineText(i).replace('4111222233334444', '****')),
      ),
  },
  {
    name: 'remove_header, from a shared map',
    type: 'remove_header',
    options: { withName: 'password' },
    headers: new Map([
      ['password', 'secret'],
      ['user', 'u'],
    ]),
    check: (batch, size) =>
      everyEvent(batch, size, (i) => assert.deepEqual([...batch.headers(i)], [['user', 'u']])),
  },
  {
    name: 'uuid',
    type: 'org.apache.flume.sink.solr.morphline.UUIDInterceptor',
    options: {},
    check: (batch, size) => {
      const ids = new Set<string>();
      everyEvent(batch, size, (i) => {
        assert.match(batch.header(i, 'id') ?? '', UUID);
        ids.add(batch.header(i, 'id')!);
      });
      assert.equal(ids.size, size);
    },
  },
];

async function interceptorOf(type: string, options: Readonly<Record<string, string>>): Promise<Interceptor> {
  const entry = registry.find(
    (one) => one.kind === 'interceptor' && (one.aliases.includes(type) || one.classes.includes(type)),
  );
  assert.ok(entry?.kind === 'interceptor', `there is no interceptor ${type}`);
  const { default: declaration } = await entry.declare();
  const { create } = await declaration.load();
  return await create(contextFor(declaration.options as OptionTable, options));
}

/** The batch is left open until the next pass, so that `check` can look at it. */
function over(
  name: string,
  size: number,
  headers: Headers | undefined,
  intercept: (batch: BatchEditor) => void,
  check: (batch: BatchEditor) => void,
): Case {
  const builder = newBuilder();
  const input = linesOf(size);
  return {
    name,
    items: size,
    bytes: size * BODY_BYTES,
    pass: () => {
      if (builder.isOpen) builder.cancel();
      builder.begin(input.length);
      builder.appendLines(input, 0, input.length);
      if (headers !== undefined) for (let i = 0; i < size; i++) builder.setHeaders(i, headers);
      intercept(builder);
    },
    check: () => check(builder),
  };
}

export const interceptors: Subject = {
  name: 'interceptors',
  title: 'interceptors over a batch of 200 byte lines',
  size: 1000,
  cases: async (size) => {
    const sameBodies = (batch: BatchEditor) =>
      everyEvent(batch, size, (i) => assert.equal(batch.bodyText(i), lineText(i)));
    const cases = [over('none (the batch alone)', size, undefined, () => {}, sameBodies)];
    for (const { name, type, options, headers, check } of WANTED) {
      const interceptor = await interceptorOf(type, options);
      cases.push(
        over(
          name,
          size,
          headers,
          (batch) => interceptor.intercept(batch),
          (batch) => check(batch, size),
        ),
      );
    }
    return cases;
  },
};
