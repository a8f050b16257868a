/** Sends lines over TCP as fast as the other side reads: tcp-lines.ts LINE_BYTES PORT. */
import { connect } from 'node:net';

const lineBytes = Number(process.argv[2]);
const port = Number(process.argv[3]);
const LINES = 5000;
const block = Buffer.alloc(lineBytes * LINES, 'x');
for (let i = lineBytes - 1; i < block.length; i += lineBytes) block[i] = 10;

const socket = connect({ port, host: '127.0.0.1' });
socket.on('error', () => process.exit(1));
socket.on('connect', () => {
  const send = () => {
    while (socket.write(block));
  };
  socket.on('drain', send);
  send();
});
