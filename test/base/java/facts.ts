/** What Java said, from test/fixtures/java (made by the generators there). */
import { readFileSync } from 'node:fs';

export function facts<Line>(name: string): readonly Line[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/java/${name}.json`, import.meta.url), 'utf8'));
}
