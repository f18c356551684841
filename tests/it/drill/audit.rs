//! What must be true in the end, shop by shop: of the database, of what a subscriber heard, of what a receiver was sent.

use std::collections::{HashMap, HashSet};

use emporia::webhook::sign::message_id;
use serde_json::Value;
use uuid::Uuid;

use super::shop::{MUGS, Shop, TOPICS};
use super::shopper::Placed;
use crate::support::{Cluster, Received};

/// A shop's part of the drill.
pub struct Account<'a> {
    pub postgres: &'a Cluster,
    pub shop: &'a Shop,
    pub lamps: usize,
    /// What was acknowledged to clients.
    pub placed: Vec<&'a Placed>,
    /// What the subscriber heard: ids of events.
    pub heard: &'a [String],
}

/// An event as the database has it.
pub struct Event {
    pub id: Uuid,
    /// Its place in [`TOPICS`].
    pub topic: usize,
    order: String,
}

impl Account<'_> {
    /// Every acknowledged order exists once, there are no others, and their numbers have no gap.
    pub async fn check_orders(&self) {
        let orders = self.rows("SELECT id, number FROM orders WHERE tenant_id = $ ORDER BY number").await;
        let names: Vec<String> = (0..orders.len()).map(|nth| format!("#{}", 1001 + nth)).collect();
        let numbered: Vec<String> = orders.iter().map(|order| format!("#{}", order["number"])).collect();
        assert_eq!(numbered, names, "numbers without gap or repetition");
        let mut existing: Vec<(String, String)> = orders.iter().map(|order| text(order, "id")).zip(names).collect();
        let mut acknowledged: Vec<(String, String)> =
            self.placed.iter().map(|placed| (bare(&placed.id).to_owned(), placed.name.clone())).collect();
        existing.sort_unstable();
        acknowledged.sort_unstable();
        assert_eq!(existing, acknowledged, "what exists and what was acknowledged");

        let keys = "SELECT outcome ->> 'done' AS id FROM idempotency_keys
            WHERE tenant_id = $ AND field = 'checkoutComplete' AND outcome ->> 'done' IS NOT NULL";
        let mut kept: Vec<String> = self.rows(keys).await.iter().map(|key| text(key, "id")).collect();
        kept.sort_unstable();
        let ids: Vec<&String> = existing.iter().map(|(id, _)| id).collect();
        assert_eq!(kept.iter().collect::<Vec<_>>(), ids, "one order for each key");
    }

    /// What was sold is what is missing, and the ledger says the same.
    pub async fn check_stock(&self) {
        let levels = "SELECT v.sku, l.available,
                (SELECT COALESCE(sum(a.delta), 0) FROM inventory_adjustments a
                    WHERE a.tenant_id = l.tenant_id AND a.variant_id = l.variant_id) AS ledger,
                (SELECT COALESCE(sum(o.quantity), 0) FROM order_lines o
                    WHERE o.tenant_id = l.tenant_id AND o.variant_id = l.variant_id) AS sold
            FROM inventory_levels l JOIN product_variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
            WHERE l.tenant_id = $ ORDER BY v.sku";
        let levels = self.rows(levels).await;
        let at_first = [("LAMP", i64::try_from(self.lamps).expect("few")), ("MUG", MUGS)];
        assert_eq!(levels.len(), at_first.len(), "{levels:?}");
        for (level, (sku, at_first)) in levels.iter().zip(at_first) {
            let number = |name: &str| level[name].as_i64().expect("a number");
            assert_eq!(level["sku"], sku);
            assert!(number("available") >= 0, "oversold: {level}");
            assert!(sku != "LAMP" || number("available") == 0, "more are wanted than there are: {level}");
            assert_eq!(number("available"), at_first - number("sold"), "{level}");
            assert_eq!(number("available"), number("ledger"), "{level}");
        }
        let reserved = self.rows("SELECT variant_id FROM stock_reservations WHERE tenant_id = $").await;
        assert!(reserved.is_empty(), "{reserved:?}");
    }

    /// Each order is in the books once, with its fee.
    pub async fn check_books(&self) {
        let sql = "SELECT o.number, count(p.kind) AS postings FROM orders o
            LEFT JOIN ledger_postings p ON (p.tenant_id, p.order_id) = (o.tenant_id, o.id)
            WHERE o.tenant_id = $ GROUP BY o.number, o.platform_fee_minor
            HAVING count(p.kind) <> 2 OR count(*) FILTER (WHERE p.kind = 'USAGE') <> 1
                OR sum(p.amount) FILTER (WHERE p.kind = 'FEE') IS DISTINCT FROM o.platform_fee_minor";
        let wrong = self.rows(sql).await;
        assert!(wrong.is_empty(), "not once in the books: {wrong:?}");
    }

    /// One event for each thing that happened to each order; the subscriber heard all of them, in order.
    pub async fn check_events(&self) -> Vec<Event> {
        let sql = "SELECT id, position, topic, subject_id FROM events WHERE tenant_id = $ ORDER BY position";
        let rows = self.rows(sql).await;
        let positions: Vec<i64> = rows.iter().map(|row| row["position"].as_i64().expect("published")).collect();
        let without_gap: Vec<i64> = (1..).take(rows.len()).collect();
        assert_eq!(positions, without_gap);
        let topic = |row: &Value| TOPICS.iter().position(|topic| row["topic"] == *topic).expect("one of the drill's");
        let event = |row: &Value| Event {
            id: text(row, "id").parse().expect("a UUID"),
            topic: topic(row),
            order: text(row, "subject_id"),
        };
        let events: Vec<Event> = rows.iter().map(event).collect();
        let all: Vec<&str> = self.placed.iter().map(|placed| bare(&placed.id)).collect();
        let paid = self.placed.iter().filter(|placed| placed.is_paid).map(|placed| bare(&placed.id)).collect();
        for (topic, mut wanted) in [all, paid].into_iter().enumerate() {
            let told = events.iter().filter(|event| event.topic == topic);
            let mut told: Vec<&str> = told.map(|event| event.order.as_str()).collect();
            told.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(told, wanted, "{}", TOPICS[topic]);
        }
        let heard: Vec<&str> = self.heard.iter().map(|id| bare(id)).collect();
        let published: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
        assert_eq!(heard, published, "heard and published");
        events
    }

    /// The receiver took every event, signed and with the same bytes each time. `requests`: what came for this shop,
    /// and whether it was taken. Answers how many sends nobody lived to record.
    pub async fn check_webhooks(&self, events: &[Event], requests: &[(&Received, bool)], blows: usize) -> usize {
        let mut bodies: HashMap<&str, &[u8]> = HashMap::new();
        let mut sent: HashMap<&str, usize> = HashMap::new();
        let mut taken = HashSet::new();
        let topics: HashMap<String, &Event> = events.iter().map(|event| (message_id(event.id), event)).collect();
        for (request, is_taken) in requests {
            let id = request.header("webhook-id");
            let event = topics.get(id).unwrap_or_else(|| panic!("{id} is no event of the shop"));
            assert_eq!(request.path.rsplit('/').next(), Some(TOPICS[event.topic]));
            self.check_signature(request, event.topic);
            assert_eq!(*bodies.entry(id).or_insert(&request.body), &request.body[..], "{id}");
            *sent.entry(id).or_default() += 1;
            if *is_taken {
                taken.insert(id);
            }
        }
        let missing: Vec<&String> = topics.keys().filter(|id| !taken.contains(id.as_str())).collect();
        assert!(missing.is_empty(), "never taken: {missing:?}");

        let sql = "SELECT event_id, status, attempts FROM webhook_deliveries WHERE tenant_id = $";
        let deliveries = self.rows(sql).await;
        assert_eq!(deliveries.len(), events.len(), "one delivery for each event");
        let mut unrecorded = 0;
        for delivery in &deliveries {
            let id = message_id(text(delivery, "event_id").parse().expect("a UUID"));
            let (sent, recorded) = (sent[id.as_str()], delivery["attempts"].as_u64().expect("a number") as usize);
            assert_eq!(delivery["status"], "SUCCEEDED");
            // Only who is struck while sending leaves a send without a record, and one at a time sends.
            assert!(sent <= recorded + blows, "{id}: sent {sent} times, recorded {recorded} times");
            // An attempt may be recorded that has not come so far.
            unrecorded += sent.saturating_sub(recorded);
        }
        unrecorded
    }

    fn check_signature(&self, request: &Received, topic: usize) {
        let theirs = standardwebhooks::Webhook::new(&self.shop.signing_secrets[topic]).expect("a secret");
        let timestamp = request.header("webhook-timestamp").parse().expect("a number");
        let signature = theirs.sign(request.header("webhook-id"), timestamp, &request.body).expect("a signature");
        assert_eq!(request.header("webhook-signature"), signature);
    }

    /// Rows of this shop: `$` stands for its tenant.
    async fn rows(&self, sql: &str) -> Vec<Value> {
        self.postgres.rows(&sql.replace('$', &format!("'{}'", self.shop.tenant))).await
    }
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_else(|| panic!("{name} in {row}")).to_owned()
}

/// The id within a global id.
fn bare(gid: &str) -> &str {
    gid.rsplit('/').next().expect("an id")
}
