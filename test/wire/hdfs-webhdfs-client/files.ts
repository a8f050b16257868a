/** Whole small files over the client, for tests. */
import assert from 'node:assert/strict';
import {
  type CreateOptions,
  HdfsError,
  type OpenOptions,
  type WebHdfsClient,
} from '../../../src/wire/hdfs-webhdfs-client/index.ts';

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export async function put(
  client: WebHdfsClient,
  path: string,
  text: string,
  options: CreateOptions = {},
): Promise<void> {
  const writer = await client.create(path, options);
  await writer.write(bytesOf(text));
  await writer.end();
}

export async function append(client: WebHdfsClient, path: string, text: string): Promise<void> {
  const writer = await client.append(path);
  await writer.write(bytesOf(text));
  await writer.end();
}

export async function get(client: WebHdfsClient, path: string, options: OpenOptions = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await client.open(path, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The HdfsError of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<HdfsError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof HdfsError, String(error));
    return error;
  }
  throw new Error('it succeeded');
}
