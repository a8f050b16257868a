/** Clients that send a line each and wait for its OK: tcp-lines-ok.ts LINE_BYTES CLIENTS PORT. */
import { connect } from 'node:net';

const lineBytes = Number(process.argv[2]);
const clients = Number(process.argv[3]);
const port = Number(process.argv[4]);
const line = Buffer.alloc(lineBytes, 'x');
line[lineBytes - 1] = 10;

for (let n = 0; n < clients; n++) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => process.exit(1));
  socket.on('connect', () => socket.write(line));
  socket.on('data', () => socket.write(line));
}
