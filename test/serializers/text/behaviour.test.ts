import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import declaration from '../../../src/serializers/text/index.ts';
import { batchOf, batchOfLines, type EventOf, part } from '../../kit/editor.ts';
import { SerializedFile, serialize } from '../../kit/serialize.ts';

const text = async (...parts: Parameters<typeof serialize>) => (await serialize(...parts)).toString();

describe('serializer text', () => {
  test('a line end stands behind each body, and headers nowhere', async () => {
    const events: EventOf[] = [1, 2, 3].map((n) => [{ h: `${n}` }, `event ${n}`]);
    assert.equal(await text(declaration, {}, batchOf(events)), 'event 1\nevent 2\nevent 3\n');
  });

  test('appendNewline = false writes bodies as they are', async () => {
    const events: EventOf[] = [1, 2, 3].map((n) => [{}, `event ${n}\n`]);
    assert.equal(
      await text(declaration, { appendNewline: 'false' }, batchOf(events)),
      'event 1\nevent 2\nevent 3\n',
    );
  });

  test('empty bodies are empty lines', async () => {
    assert.equal(
      await text(
        declaration,
        {},
        batchOf([
          [{}, ''],
          [{}, 'a'],
          [{}, ''],
        ]),
      ),
      '\na\n\n',
    );
    assert.equal(
      await text(
        declaration,
        { appendNewline: 'false' },
        batchOf([
          [{}, ''],
          [{}, ''],
        ]),
      ),
      '',
    );
  });

  test('bodies that stand as lines in memory are written as one run', async () => {
    const file = await SerializedFile.open(declaration);
    await file.commit(batchOfLines(['one', '', 'three']));
    assert.equal(file.bytes.toString(), 'one\n\nthree\n');
  });

  test('a part of such a run ends where the part does', async () => {
    const batch = batchOfLines(['one', 'two', 'three', 'four']);
    assert.equal(await text(declaration, {}, part(batch, 1, 2)), 'two\nthree\n');
    assert.equal(await text(declaration, { appendNewline: 'false' }, part(batch, 1, 2)), 'twothree');
  });

  test('a body larger than a piece is written whole', async () => {
    const large = 'x'.repeat(700_000);
    assert.equal(
      await text(
        declaration,
        {},
        batchOf([
          [{}, 'a'],
          [{}, large],
          [{}, 'b'],
        ]),
      ),
      `a\n${large}\nb\n`,
    );
  });

  test('a file may be appended to', async () => {
    assert.equal((await SerializedFile.open(declaration)).serializer.supportsReopen, true);
  });

  test('however bodies stand in memory, the file has them in order', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({
              lines: fc.array(fc.stringMatching(/^[a-z ]{0,9}$/), { minLength: 1, maxLength: 6 }),
            }),
            fc.record({
              bodies: fc.array(fc.stringMatching(/^[a-z\n]{0,9}$/), { minLength: 1, maxLength: 6 }),
            }),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        fc.boolean(),
        async (batches, newline) => {
          const file = await SerializedFile.open(declaration, { appendNewline: `${newline}` });
          let wanted = '';
          for (const one of batches) {
            const bodies = 'lines' in one ? one.lines : one.bodies;
            await file.commit(
              'lines' in one ? batchOfLines(bodies) : batchOf(bodies.map((body) => [{}, body])),
            );
            for (const body of bodies) wanted += newline ? `${body}\n` : body;
          }
          assert.equal((await file.close()).toString(), wanted);
        },
      ),
      { numRuns: 60 },
    ));
});
