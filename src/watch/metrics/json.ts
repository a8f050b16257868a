/** Flume's JSON of counters: one object, a group a key, every value a string. */
import { javaDoubleText } from '../../base/java/numbers.ts';
import type { CounterGroup } from '../../engine/status.ts';

export function metricsJson(groups: readonly CounterGroup[]): string {
  const body: Record<string, Record<string, string>> = {};
  for (const group of groups) {
    // Flume registers a group when its component starts.
    if (group.registered && group.startTimeMs() > 0) body[`${group.type}.${group.name}`] = attributes(group);
  }
  return JSON.stringify(body);
}

function attributes(group: CounterGroup): Record<string, string> {
  const result: Record<string, string> = {};
  const values = group.values();
  for (const [name, value] of values) result[name] = name === 'Open' ? String(value === 1) : String(value);
  if (group.type === 'CHANNEL') {
    const capacity = values.get('ChannelCapacity') ?? 0;
    const size = values.get('ChannelSize') ?? 0;
    result.ChannelFillPercentage = javaDoubleText(
      capacity === 0 ? Number.MAX_VALUE : (size / capacity) * 100,
    );
  }
  result.Type = group.type;
  result.StartTime = String(group.startTimeMs());
  result.StopTime = String(group.stopTimeMs());
  return result;
}
