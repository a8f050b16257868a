/** A server that plays a whole HDFS over WebHDFS, in memory, and is silent when a test says so. */
import type { TestContext } from 'node:test';
import { type Asked, json, remote, ScriptedServer } from '../../wire/hdfs-webhdfs-client/servers.ts';

const STATUS = { modificationTime: 5, accessTime: 0, blockSize: 1, replication: 1, owner: 'o', group: 'g' };

const statusOf = (pathSuffix: string, bytes: Buffer) => {
  return { ...STATUS, pathSuffix, type: 'FILE', length: bytes.length, permission: '644' };
};
const BOOLEAN = (boolean: boolean) => ({ boolean });

/** With the class of the exception that is answered. */
class Refusal extends Error {}

export class MemoryHdfs {
  readonly files = new Map<string, Buffer>();
  /** Of these nobody hears again. */
  isSilent: (operation: string, path: string) => boolean = () => false;
  #server!: ScriptedServer;

  static async start(t: Pick<TestContext, 'after'>): Promise<MemoryHdfs> {
    const hdfs = new MemoryHdfs();
    hdfs.#server = await ScriptedServer.start(t, (asked, answer) => {
      const operation = asked.query.get('op')!;
      const path = asked.path.replace('/webhdfs/v1', '');
      if (hdfs.isSilent(operation, path)) return;
      const isMoving = operation === 'CREATE' || operation === 'APPEND' || operation === 'OPEN';
      if (isMoving && !asked.query.has('data'))
        return answer
          .writeHead(307, { location: `${hdfs.url}${asked.path}?op=${operation}&data=true` })
          .end();
      try {
        const result = hdfs.#answer(operation, path, asked);
        if (result instanceof Buffer) answer.end(result);
        else json(answer, result);
      } catch (error) {
        remote(answer, 404, `java.io.${(error as Error).message}`, `${operation} of ${path}`);
      }
    });
    return hdfs;
  }

  get url(): string {
    return this.#server.url;
  }

  #answer(operation: string, path: string, { query, body }: Asked): object {
    const { files } = this;
    switch (operation) {
      case 'MKDIRS':
        return BOOLEAN(true);
      case 'CREATE':
        if (files.has(path)) throw new Refusal('FileAlreadyExistsException');
        files.set(path, body);
        return {};
      case 'APPEND':
        files.set(path, Buffer.concat([this.#bytes(path), body]));
        return {};
      case 'OPEN':
        return this.#bytes(path);
      case 'TRUNCATE':
        files.set(path, this.#bytes(path).subarray(0, Number(query.get('newlength'))));
        return BOOLEAN(true);
      case 'RENAME': {
        const to = query.get('destination')!;
        const bytes = this.#bytes(path);
        if (files.has(to)) throw new Refusal('FileAlreadyExistsException');
        files.delete(path);
        files.set(to, bytes);
        return {};
      }
      case 'DELETE':
        return BOOLEAN(files.delete(path));
      case 'GETFILESTATUS':
        return { FileStatus: statusOf('', this.#bytes(path)) };
      case 'GET_BLOCK_LOCATIONS':
        this.#bytes(path);
        return { LocatedBlocks: { isUnderConstruction: false, locatedBlocks: [] } };
      case 'LISTSTATUS_BATCH': {
        const inside = [...files].filter(([file]) => file.slice(0, file.lastIndexOf('/')) === path);
        const FileStatus = inside.map(([file, bytes]) => statusOf(file.slice(path.length + 1), bytes));
        return {
          DirectoryListing: { partialListing: { FileStatuses: { FileStatus } }, remainingEntries: 0 },
        };
      }
      default:
        throw new Refusal('UnsupportedOperationException');
    }
  }

  #bytes(path: string): Buffer {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Refusal('FileNotFoundException');
    return bytes;
  }
}
