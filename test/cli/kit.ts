import { confFile } from '../kit/process.ts';

export const GOOD = `a1.sources = r1
  a1.channels = c1 c2
  a1.sinks = k1 k2 k3
  a1.sinkgroups = g1
  a1.sources.r1.type = netcat
  a1.sources.r1.bind = 127.0.0.1
  a1.sources.r1.port = 0
  a1.sources.r1.channels = c1 c2
  a1.sources.r1.interceptors = i1
  a1.sources.r1.interceptors.i1.type = timestamp
  a1.sources.r1.selector.type = multiplexing
  a1.sources.r1.selector.header = level
  a1.sources.r1.selector.mapping.ERROR = c1
  a1.sources.r1.selector.default = c2
  a1.channels.c1.type = memory
  a1.channels.c2.type = memory
  a1.sinks.k1.type = logger
  a1.sinks.k1.channel = c1
  a1.sinks.k2.type = null
  a1.sinks.k2.channel = c1
  a1.sinks.k3.type = logger
  a1.sinks.k3.channel = c2
  a1.sinkgroups.g1.sinks = k1 k2
  a1.sinkgroups.g1.processor.type = failover`;

export const goodFile = () => confFile(GOOD);

/** One error: `bind` is missing. One warning: an unknown option. */
export const badFile = () => confFile(GOOD.replace('r1.bind = 127.0.0.1', 'r1.bnid = 127.0.0.1'));
