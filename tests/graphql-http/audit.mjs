// Runs graphql-http's server audits against a running API: node audit.mjs URL API-KEY
// Prints one line per audit; exit status 1 unless every one is ok (a notice counts too: none is expected).
import { serverAudits } from 'graphql-http';

const [url, key] = process.argv.slice(2);
const fetchFn = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, 'x-api-key': key } });

const audits = serverAudits({ url, fetchFn });
const count = { ok: 0, notice: 0, warn: 0, error: 0 };
for (const audit of audits) {
  const result = await audit.fn();
  count[result.status] += 1;
  const reason = result.status === 'ok' ? '' : `: ${result.reason} (answered ${result.response.status})`;
  console.log(`${result.status} ${result.id} ${result.name}${reason}`);
  await result.response?.body?.cancel().catch(() => {});
}
console.log(JSON.stringify({ audits: audits.length, ...count }));
process.exit(count.ok === audits.length ? 0 : 1);
