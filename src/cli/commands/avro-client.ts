import { SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT } from '../command.ts';

const help = `Sends the lines of a file to an avro source. It comes with the Avro hop and is not part of this version.

usage: flume-ng avro-client -H HOST -p PORT -F FILE

meanwhile: Flume's own avro-client, or to a netcat source: nc HOST PORT < FILE
`;

async function run(): Promise<number> {
  complain(`Error: avro-client is not part of this version\n\n${help}`);
  return EXIT.usage;
}

const options = [
  { name: 'host', short: 'H', value: 'HOST', help: 'host of the avro source' },
  { name: 'port', short: 'p', value: 'PORT', help: 'its port' },
  { name: 'filename', short: 'F', value: 'FILE', help: 'file to send' },
  { name: 'dirname', value: 'DIR', help: 'directory to send' },
  { name: 'headerFile', short: 'R', value: 'FILE', help: 'headers for every event' },
  { name: 'rpcProps', short: 'P', value: 'FILE', help: 'RPC client properties' },
  ...SCRIPT_OPTIONS,
];

export default { options, help, run } satisfies Command;
