import { messageOf } from '../../base/errors.ts';
import type { RpcProperties } from '../../client/options.ts';
import type { RpcClient } from '../../client/rpc-client.ts';
import { last, type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';

const help = `Sends text to an avro source, one event a line: of a file, of all files of a directory, or of the standard
input. Lines that the source refuses for a while (its channel is full) are sent again, and may then arrive after
later ones.

usage: flume-ng avro-client --host HOST --port PORT [--filename FILE | --dirname DIR] [--headerFile FILE]
       flume-ng avro-client --rpcProps FILE [--filename FILE | --dirname DIR] [--headerFile FILE]

Files of a directory are sent oldest first and renamed with .COMPLETED when the source has all of them. Progress goes
to the standard error. The exit code is 0 when everything was acknowledged, 78 when the properties cannot be used, else 1.

examples:
  flume-ng avro-client -H collector -p 4141 -F /var/log/app.log
  flume-ng avro-client -H collector -p 4141 --dirname /data/upload -R headers.properties
  tail -F app.log | flume-ng avro-client -H collector -p 4141
  flume-ng avro-client -P client.properties -F app.log       (failover, load balancing, TLS: see the guide)
`;

const RETRY_S_DEFAULT = 60;

async function run(parsed: ParsedArguments): Promise<number> {
  const wrong = misuse(parsed);
  if (wrong !== null) {
    complain(`Error: ${wrong}\n\n${help}`);
    return EXIT.usage;
  }
  const [{ RpcClient }, { RpcError }, { readProperties }, { Sender }, inputs] = await Promise.all([
    import('../../client/rpc-client.ts'),
    import('../../client/errors.ts'),
    import('../../client/file.ts'),
    import('../avro-client/sender.ts'),
    import('../avro-client/input.ts'),
  ]);
  const headerFile = last(parsed, 'headerFile');
  const headers = headerFile === undefined ? new Map<string, string>() : readProperties(headerFile);
  const [file, directory] = [last(parsed, 'filename'), last(parsed, 'dirname')];
  const work =
    directory !== undefined
      ? inputs.directoryInputs(directory)
      : [file === undefined ? inputs.standardInput() : inputs.fileInput(file)];
  const tell = (text: string) => complain(`avro-client: ${text}\n`);
  const log = { warn: tell, error: tell };
  let client: RpcClient;
  try {
    client = await RpcClient.open(propertiesOf(parsed, readProperties), { log });
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    complain(`Error: ${error.message}\n`);
    return EXIT.fatal;
  }
  const sender = new Sender(client, { headers, retryMs: retryMsOf(parsed), tell });
  try {
    for (const input of work) await sender.send(input);
  } catch (error) {
    complain(
      `Error: ${messageOf(error)}\navro-client: not all was sent; acknowledged: ${sender.summary()}\n`,
    );
    return EXIT.fatal;
  } finally {
    client.close();
  }
  print(`Sent ${sender.summary()}\n`);
  return EXIT.ok;
}

/** What is wrong with the options together; null when nothing is. */
function misuse(parsed: ParsedArguments): string | null {
  const has = (name: string) => parsed.options.has(name);
  if (has('filename') && has('dirname')) return '--filename and --dirname cannot be used together';
  if (has('rpcProps')) return null;
  if (!has('host')) return 'give --host (or --rpcProps)';
  if (!has('port')) return 'give --port (or --rpcProps)';
  const port = Number(last(parsed, 'port'));
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    return `--port ${last(parsed, 'port')} is not a port`;
  const retry = Number(last(parsed, 'retry') ?? 0);
  return retry >= 0 ? null : `--retry ${last(parsed, 'retry')} is not a number of seconds`;
}

function retryMsOf(parsed: ParsedArguments): number {
  return Number(last(parsed, 'retry') ?? RETRY_S_DEFAULT) * 1000;
}

function propertiesOf(
  parsed: ParsedArguments,
  read: (file: string) => ReadonlyMap<string, string>,
): RpcProperties {
  const file = last(parsed, 'rpcProps');
  if (file !== undefined) return Object.fromEntries(read(file));
  return {
    hosts: 'h1',
    'hosts.h1': `${last(parsed, 'host')}:${last(parsed, 'port')}`,
    // Flume's own client sends five at a time; nobody can tell, but by the time it takes.
    'batch-size': 1000,
  };
}

const options = [
  { name: 'host', short: 'H', value: 'HOST', help: 'host of the avro source' },
  { name: 'port', short: 'p', value: 'PORT', help: 'its port' },
  { name: 'rpcProps', short: 'P', value: 'FILE', help: 'RPC client properties, in place of host and port' },
  { name: 'filename', short: 'F', value: 'FILE', help: 'file to send (default: the standard input)' },
  { name: 'dirname', value: 'DIR', help: 'directory whose files are sent' },
  { name: 'headerFile', short: 'R', value: 'FILE', help: 'properties: each is a header of every event' },
  { name: 'retry', value: 'SECONDS', help: `how long refused events are sent again (${RETRY_S_DEFAULT})` },
  ...SCRIPT_OPTIONS,
];

export default { options, help, run } satisfies Command;
