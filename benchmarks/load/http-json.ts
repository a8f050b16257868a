/** Posts JSON batches over a few kept connections: http-json.ts EVENTS BODY_BYTES PORT. */
import { Agent, request } from 'node:http';

const events = Number(process.argv[2]);
const bodyBytes = Number(process.argv[3]);
const port = Number(process.argv[4]);
const CONNECTIONS = 4;
const one = { headers: { host: 'bench' }, body: 'x'.repeat(bodyBytes) };
const body = Buffer.from(JSON.stringify(Array.from({ length: events }, () => one)));
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const headers = { 'content-type': 'application/json', 'content-length': body.length };

function post(): void {
  const call = request({ port, host: '127.0.0.1', method: 'POST', agent, headers }, (response) => {
    response.resume();
    response.on('end', post);
  });
  call.on('error', () => process.exit(1));
  call.end(body);
}

for (let i = 0; i < CONNECTIONS; i++) post();
