import { framed, unframed } from '../../../src/sources/avro_legacy/framing.ts';
import { PROTOCOL_HASH } from '../../../src/sources/avro_legacy/protocol.ts';
import { writeBytes } from '../../../src/wire/avro/writer.ts';
import { sourceContract } from '../../conformance/source-contract.ts';

function requestOf(body: string): Buffer {
  const bytes = Buffer.alloc(256);
  let at = PROTOCOL_HASH.copy(bytes, 0);
  at += 1;
  at += PROTOCOL_HASH.copy(bytes, at);
  at += 2;
  at = writeBytes(bytes, at, Buffer.from('append'));
  at += 2;
  at = writeBytes(bytes, at, Buffer.from(body));
  at += 1;
  at = writeBytes(bytes, at, Buffer.from('host'));
  return framed(bytes.subarray(0, at + 1));
}

sourceContract({
  name: 'avro_legacy',
  conf: () => `sources.r1.type = org.apache.flume.source.avroLegacy.AvroLegacySource
    sources.r1.host = 127.0.0.1
    sources.r1.port = 0`,
  async send(flow, bodies) {
    const url = `http://127.0.0.1:${await flow.port('r1')}/`;
    const answers: { body: string; accepted: boolean }[] = [];
    const one = async (body: string) => {
      const response = await fetch(url, { method: 'POST', body: new Uint8Array(requestOf(body)) }).catch(
        () => null,
      );
      const answer = response === null ? null : unframed(Buffer.from(await response.arrayBuffer()));
      answers.push({ body, accepted: answer?.[5] === 0 });
    };

    // One after another: requests over several connections have no order.
    for (const body of bodies) await one(body);
    return answers;
  },
});
