/** Names of the files, one after another. */
export interface PathManager {
  /** The name of the next file. */
  next(nowMs: number): string;
}

export function pathManager(type: string, prefix: string, extension: string, nowMs: number): PathManager {
  const suffix = extension === '' ? '' : `.${extension}`;
  return /rolltime/i.test(type) ? rollTime(prefix, suffix) : counting(`${prefix}${nowMs}-`, suffix);
}

/** Flume's default: all names of one run share the time at which the sink was made. */
function counting(head: string, suffix: string): PathManager {
  let n = 0;
  return { next: () => `${head}${++n}${suffix}` };
}

function rollTime(prefix: string, suffix: string): PathManager {
  let last = '';
  let n = 0;
  return {
    next: (nowMs) => {
      const date = new Date(nowMs);
      const parts = [
        date.getMonth() + 1,
        date.getDate(),
        date.getHours(),
        date.getMinutes(),
        date.getSeconds(),
      ];
      const time = date.getFullYear() + parts.map((part) => String(part).padStart(2, '0')).join('');
      n = time === last ? n + 1 : 1;
      last = time;
      return `${prefix}${time}-${n}${suffix}`;
    },
  };
}
