"""What each of the worker's statements costs with few and with many old rows: report.py FEW MANY, as psql printed them."""

import json
import sys

# What a statement is for, by what its text holds; the first that fits.
PURPOSES = [
    ("bell: take down", ['DELETE FROM "platform"."outbox_ready"']),
    ("bell: find", ['FROM "platform"."outbox_ready"', "ALL("]),
    ("bell: find the tenant's", ['FROM "platform"."outbox_ready"', "ANY("]),
    ("bell: claim", ['UPDATE "platform"."outbox_ready"']),
    ("bell: ring", ['INSERT INTO "platform"."outbox_ready"']),
    ("relay: lock the position", ['FROM "event_positions"']),
    ("relay: position reached", ['UPDATE "event_positions"']),
    ("relay: what is new", ['FROM "events"', '"position" IS NULL']),
    ("relay: publish", ['UPDATE "events"']),
    ("relay: subscribers", ['FROM "webhook_subscriptions"', "KEY SHARE"]),
    ("relay: queue", ['INSERT INTO "webhook_deliveries"']),
    ("deliver: enabled subscriptions", ['FROM "webhook_subscriptions"', '"disabled_at" IS NULL', "ORDER BY"]),
    ("deliver: endpoint", ['FROM "webhook_subscriptions"', '"secret"']),
    ("deliver: claim, find", ['FROM "webhook_deliveries"', '"claimed_until" IS NULL', "SKIP LOCKED"]),
    ("deliver: what is due", ['FROM "webhook_deliveries"', '"next_attempt_at" <=', "LIMIT"]),
    ("deliver: claim", ['UPDATE "webhook_deliveries"', 'SET "claimed_until"']),
    ("deliver: keep the body", ['UPDATE "webhook_deliveries"', 'SET "body"']),
    ("deliver: record", ['UPDATE "webhook_deliveries"', 'SET "status"']),
    ("deliver: record the attempt", ['INSERT INTO "webhook_attempts"']),
    ("deliver: the endpoint works", ['UPDATE "webhook_subscriptions"']),
    ("sweep: ended deliveries", ['FROM "webhook_deliveries"', '"next_attempt_at" IS NULL']),
    ("sweep: long disabled", ['FROM "webhook_subscriptions"', '"disabled_at" <']),
    ("sweep: oldest events", ['FROM "events"', '"position" IS NOT NULL']),
]


def read(path):
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in map(json.loads, filter(str.strip, lines)):
            query = " ".join(line["query"].split())
            purpose = next((name for name, parts in PURPOSES if all(part in query for part in parts)), None)
            if purpose:
                sums = found.setdefault(purpose, [0, 0, 0])
                for at, value in enumerate((line["calls"], line["ms"], line["blocks"])):
                    sums[at] += value
    return found


few, many = map(read, sys.argv[1:3])
missing = [purpose for purpose, _ in PURPOSES if purpose not in few or purpose not in many]
if missing:
    sys.exit(f"statements that were not seen: {', '.join(missing)}")
print(f'{"":<32} {"calls":>7} {"ms, none old":>13} {"ms, many old":>13} {"ratio":>6} {"pages":>7} {"pages":>7}')
total = [0, 0]
for purpose, _ in PURPOSES:
    (calls, ms, blocks), (old_calls, old_ms, old_blocks) = few[purpose], many[purpose]
    total[0], total[1] = total[0] + ms, total[1] + old_ms
    before, after = ms / calls, old_ms / old_calls
    print(
        f"{purpose:<32} {old_calls:>7} {before:>13.4f} {after:>13.4f} {after / before:>6.2f}"
        f" {blocks / calls:>7.1f} {old_blocks / old_calls:>7.1f}"
    )
print(f'{"all of them together":<32} {"":>7} {total[0]:>13.1f} {total[1]:>13.1f} {total[1] / total[0]:>6.2f}')
if total[1] > 1.3 * total[0]:
    sys.exit("the worker's statements take longer the more has been delivered")
