/**
 * Sends events to Avro and Thrift sources, as Flume's client SDK does:
 *
 *     import { RpcClient } from 'millrace/client';
 *
 *     const client = await RpcClient.open({
 *       'client.type': 'default_failover',
 *       hosts: 'h1 h2',
 *       'hosts.h1': 'collector1:4141',
 *       'hosts.h2': 'collector2:4141',
 *     });
 *     await client.appendBatch([{ headers: { host: 'web1' }, body: 'a line' }]);
 *     client.close();
 */
export { MillraceError } from './base/errors.ts';
export type { TryOrder } from './base/try-order.ts';
export { RpcError, type RpcFailure } from './client/errors.ts';
export type { RpcProperties } from './client/options.ts';
export { RpcClient, type RpcClientParts, type RpcLog } from './client/rpc-client.ts';
export type { FlumeEvent } from './component/flume-event.ts';
