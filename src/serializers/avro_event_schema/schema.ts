/**
 * Schemas of files: from a literal or fetched from a URL, checked, and in the form in which they stand in the
 * file. Limits: SCHEMA_BYTES_MAX, FETCH_MS_MAX.
 */
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/errors.ts';
import { gathered } from '../../base/gathered.ts';
import { parseAvroSchema } from '../../wire/avro-container/schema.ts';
import { WebHdfsClient } from '../../wire/hdfs-webhdfs-client/index.ts';

const SCHEMA_BYTES_MAX = 1024 * 1024;
const FETCH_MS_MAX = 10_000;

/** Without blanks and comments. @throws when it is no schema. */
export function checkedSchema(text: string): string {
  parseAvroSchema(text);
  return JSON.stringify(JSON.parse(text));
}

/** @throws Error with the URL in its text. */
export async function fetchSchema(url: string): Promise<string> {
  try {
    return checkedSchema(await textAt(url));
  } catch (error) {
    throw new Error(`the schema at ${url} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

async function textAt(url: string): Promise<string> {
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'file':
      return fileText(fileURLToPath(url));
    case 'http':
    case 'https':
      return httpText(url);
    case 'hdfs':
    case 'webhdfs':
    case 'swebhdfs':
      return hdfsText(url);
    default:
      throw new Error('its scheme is not file, http, https, hdfs, webhdfs or swebhdfs');
  }
}

async function fileText(path: string): Promise<string> {
  const file = await open(path);
  try {
    return await textOf(file.createReadStream());
  } finally {
    await file.close();
  }
}

async function httpText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX) });
  if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
  return await textOf(response.body);
}

async function hdfsText(url: string): Promise<string> {
  const client = new WebHdfsClient({ uri: url });
  try {
    return await textOf(await client.open(client.path, { deadlineMs: FETCH_MS_MAX }));
  } finally {
    client.close();
  }
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const tooLong = `it is longer than ${SCHEMA_BYTES_MAX} bytes`;
  return (await gathered(stream, SCHEMA_BYTES_MAX, tooLong)).toString('utf8');
}
