/**
 * How far the file that is being read has come, in Flume's own file `.flumespool-main.meta`: an Avro object
 * container whose metadata name the file (`file`) and whose last record is the offset. Java Flume goes on
 * from what is written here, and the other way round.
 *
 * Layout as written here: head (avro.schema, avro.codec, file, millrace.inode, millrace.pad) · one block of
 * one record. Its number always takes ten bytes, which Avro allows, so that it can be overwritten in place:
 * one write of ten bytes, padded not to cross a sector. A new file is written beside and renamed. Java
 * appends a block a batch instead; on reading the last whole one counts, and what a crash left behind it is
 * ignored. Nothing is synced, as in Flume: after a power cut the offset may be an older one, or none, never a
 * later one.
 *
 * The inode, which Flume does not write, tells a file of the same name that came in the meantime apart.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AvroBuffer } from '../../wire/avro-container/container.ts';
import { AvroCursor } from '../../wire/avro-container/cursor.ts';
import { AvroContainerReader } from '../../wire/avro-container/reader.ts';

export const META_FILE = '.flumespool-main.meta';

const SCHEMA =
  '{"type":"record","name":"TransferStateFileMeta","namespace":"org.apache.flume.serialization",' +
  '"fields":[{"name":"offset","type":"long"}]}';
const KEY_FILE = 'file';
const KEY_INODE = 'millrace.inode';
const KEY_PAD = 'millrace.pad';
const NUMBER_BYTES = 10;
const SYNC_BYTES = 16;
const SECTOR_BYTES = 512;

export interface TrackedPosition {
  /** As Flume writes it: below spoolDir as it was configured. */
  readonly file: string;
  readonly offset: number;
  /** Null when Java Flume wrote it. */
  readonly inode: string | null;
}

/** The file system as far as it is needed, so that tests can break it. */
export interface TrackerDisk {
  open(path: string, flags: string): Promise<Pick<FileHandle, 'write' | 'close'>>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

const DISK: TrackerDisk = { open, rename, unlink };

export class PositionTracker {
  readonly #path: string;
  readonly #disk: TrackerDisk;
  #handle: Pick<FileHandle, 'write' | 'close'> | null = null;
  #file: string | null = null;
  /** There may be a tracker file. */
  #exists = true;
  /** Where the number stands. */
  #numberAt = 0;
  readonly #number = Buffer.alloc(NUMBER_BYTES);

  constructor(directory: string, disk: TrackerDisk = DISK) {
    this.#path = join(directory, META_FILE);
    this.#disk = disk;
  }

  /** Null when there is none, or none that can be read: the file is then read from its beginning. */
  async read(): Promise<TrackedPosition | null> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    if (bytes.length === 0) return null;
    const container = await AvroContainerReader.open(async (target, position) =>
      bytes.copy(target, 0, Math.min(position, bytes.length)),
    );
    const text = (key: string) => container.metadata.get(key)?.toString('utf8') ?? null;
    const file = text(KEY_FILE);
    if (file === null) return null;
    let offset = 0;
    for (;;) {
      // What a crash left of a block at the end is no position.
      const block = await container.next().catch(() => null);
      if (block === null) break;
      const cursor = new AvroCursor(block.records);
      for (let n = 0; n < block.count; n++) offset = cursor.long();
    }
    return { file, offset: Math.max(0, offset), inode: text(KEY_INODE) };
  }

  /** One call at a time. */
  async store(file: string, inode: string, offset: number): Promise<void> {
    if (this.#file !== file || this.#handle === null) {
      await this.#create(file, inode, offset);
      return;
    }
    writeNumber(this.#number, offset);
    const { bytesWritten } = await this.#handle.write(this.#number, 0, NUMBER_BYTES, this.#numberAt);
    if (bytesWritten !== NUMBER_BYTES) throw new Error(`${this.#path} was not written whole`);
  }

  async #create(file: string, inode: string, offset: number): Promise<void> {
    await this.close();
    const { bytes, numberAt } = encode(file, inode, offset);
    const temporary = `${this.#path}.tmp`;
    const handle = await this.#disk.open(temporary, 'w');
    try {
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, 0);
      if (bytesWritten !== bytes.length) throw new Error(`${temporary} was not written whole`);
      await this.#disk.rename(temporary, this.#path);
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    this.#handle = handle;
    this.#exists = true;
    this.#file = file;
    this.#numberAt = numberAt;
  }

  /** Costs nothing when there is none, as after a small file. */
  async remove(): Promise<void> {
    if (!this.#exists) return;
    await this.close();
    await this.#disk.unlink(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    this.#exists = false;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#file = null;
    await handle?.close();
  }
}

function encode(file: string, inode: string, offset: number): { bytes: Buffer; numberAt: number } {
  let numberAt = 0;
  for (let pad = 0; ; pad += NUMBER_BYTES) {
    const out = new AvroBuffer(1024);
    const sync = randomBytes(SYNC_BYTES);
    const metadata = [
      ['avro.schema', SCHEMA],
      ['avro.codec', 'null'],
      [KEY_FILE, file],
      [KEY_INODE, inode],
      ...(pad > 0 ? [[KEY_PAD, ' '.repeat(pad)]] : []),
    ] as const;
    out.raw(Buffer.from([0x4f, 0x62, 0x6a, 1]));
    out.long(metadata.length);
    for (const [key, value] of metadata) {
      out.text(key!);
      out.text(value!);
    }
    out.long(0);
    out.raw(sync);
    out.long(1);
    out.long(NUMBER_BYTES);
    numberAt = out.used;
    if (numberAt % SECTOR_BYTES > SECTOR_BYTES - NUMBER_BYTES) continue;
    const number = Buffer.alloc(NUMBER_BYTES);
    writeNumber(number, offset);
    out.raw(number);
    out.raw(sync);
    return { bytes: Buffer.from(out.view()), numberAt };
  }
}

/** A zig-zag varint with all its ten bytes; offsets are not negative. */
function writeNumber(target: Buffer, offset: number): void {
  let rest = offset * 2;
  for (let n = 0; n < NUMBER_BYTES; n++) {
    target[n] = (rest % 128) | (n + 1 < NUMBER_BYTES ? 0x80 : 0);
    rest = Math.floor(rest / 128);
  }
}
