/** A channel's directory as one small file, with what Java Flume delivered when it opened a copy of it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { PlainEvent } from './script.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/flume-file-channel');
export const FIXTURES = [
  'closed',
  'killed',
  'open-at-checkpoint',
  'retaken',
  'texts',
  'encrypted',
  'thrifty-directory',
] as const;
export type FixtureName = (typeof FIXTURES)[number];

export interface Fixture {
  readonly dataDirs: number;
  /** Paths below the channel's folder, content in base64. */
  readonly files: Readonly<Record<string, string>>;
  /** What Flume delivers, in its order. */
  readonly delivered: readonly PlainEvent[];
  /** The same, after its checkpoint directory was removed. */
  readonly deliveredFromLogs: readonly PlainEvent[];
}

export function writeFixture(name: FixtureName, fixture: Fixture): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.json.gz`), gzipSync(JSON.stringify(fixture), { level: 9 }));
}

/** The fixture, its files laid out below `at`. */
export function unpack(name: FixtureName, at: string): Fixture {
  const fixture = JSON.parse(gunzipSync(readFileSync(join(FOLDER, `${name}.json.gz`))).toString()) as Fixture;
  for (const [path, content] of Object.entries(fixture.files)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), Buffer.from(content, 'base64'));
  }
  return fixture;
}
