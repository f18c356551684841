import type { SyncExecutionResult } from '@graphiql/toolkit';
import type { Headers } from './headers';

/** The question that src/start.ts has asked. */
interface Asked {
  query: string;
  headers: Headers;
  answer: Promise<SyncExecutionResult>;
}

/** The two scripts share no modules, so that the first can be one small file. */
const shared = globalThis as { emporiaSchema?: Asked };

export function handOver(asked: Asked): void {
  asked.answer.catch(() => {}); // Whoever takes it hears of a failure.
  shared.emporiaSchema = asked;
}

/** The answer that is on its way, if it is the one to this question. Once: whoever asks again wants to know anew. */
export function takeSchema(query: string, headers: Headers): Promise<SyncExecutionResult> | undefined {
  const asked = shared.emporiaSchema;
  delete shared.emporiaSchema;
  return asked?.query === query && JSON.stringify(asked.headers) === JSON.stringify(headers) ? asked.answer : undefined;
}
