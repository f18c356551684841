//! Indexes that leave rows out, used by the application's own statements: with the plans that its sessions make,
//! which know no parameter.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use emporia::cart::service::{Desk, cart_note_update};
use emporia::error::Fault;
use emporia::events::Topic;
use emporia::mail::{Message, post_in_tx};
use emporia::worker;
use serde_json::json;

use crate::events::append;
use crate::support::{Receiver, Shopping, admin, eventually, sessions};
use crate::webhook::subscribe;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

async fn names(shop: &Shopping, sql: &str) -> Vec<String> {
    let named: Vec<Named> = diesel::sql_query(sql).load(&mut admin(&shop.app.db.name).await).await.expect(sql);
    named.into_iter().map(|named| named.name).collect()
}

/// Sessions tell what they have done when they end, at the latest.
async fn end_sessions(shop: &Shopping) {
    let end = "SELECT pg_terminate_backend(pid)::text AS name FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    names(shop, end).await;
    eventually("they have ended", async || (sessions(&shop.app.db.name, "true").await == 0).then_some(())).await;
}

/// Many rows that have ended, of which one is copied.
const OLD: &str = "
    INSERT INTO webhook_deliveries SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(),
        'event_id', gen_random_uuid()))).* FROM webhook_deliveries d, generate_series(1, 5000);
    INSERT INTO payment_attempts SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(),
        'cart_id', gen_random_uuid(), 'order_id', gen_random_uuid()))).* FROM payment_attempts a, generate_series(1, 5000);
    INSERT INTO events (tenant_id, id, position, topic, version, subject_id, payload, occurred_at, published_at)
        SELECT tenant_id, gen_random_uuid(), position + n, topic, version, subject_id, payload, occurred_at,
            published_at FROM events, generate_series(1, 5000) n WHERE position = (SELECT max(position) FROM events);
    UPDATE event_positions SET last_position = last_position + 5000;
    INSERT INTO product_images (tenant_id, id, product_id, position, url)
        SELECT tenant_id, gen_random_uuid(), id, 1, 'https://images.example/1' FROM products, generate_series(1, 2);
    INSERT INTO product_variants SELECT (jsonb_populate_record(v, jsonb_build_object('id', gen_random_uuid(),
        'option1', n::text))).* FROM product_variants v, generate_series(1, 5000) n;
    INSERT INTO menus (tenant_id, id, handle, title, created_at, updated_at)
        SELECT id, id, 'main', 'Main', now(), now() FROM platform.tenants;
    INSERT INTO menu_items (tenant_id, id, menu_id, position, title, kind)
        SELECT tenant_id, gen_random_uuid(), id, n, 'Item', 'HTTP' FROM menus, generate_series(1, 2000) n;
    INSERT INTO jobs (tenant_id, id, kind, payload, status, rank, created_at, updated_at, ended_at)
        SELECT id, gen_random_uuid(), 'mail', 'null', 'SUCCEEDED', 10, now(), now(), now()
        FROM platform.tenants, generate_series(1, 5000);
    ANALYZE;";

/// Statements of the database itself, which follow foreign keys.
const CASCADES: &str = "
    SET plan_cache_mode = force_generic_plan;
    DELETE FROM product_images WHERE id = (SELECT id FROM product_images LIMIT 1);
    DELETE FROM menu_items WHERE id = (SELECT id FROM menu_items LIMIT 1);";

#[tokio::test]
async fn every_index_that_leaves_rows_out_is_used_and_the_queues_are_never_read_whole() {
    // A UNIQUE one is a constraint: whoever violates it has used it.
    const PARTIAL: &str = "SELECT indexrelid::regclass::text AS name FROM pg_index
        WHERE indpred IS NOT NULL AND NOT indisunique AND indrelid >= 16384";
    const USED: &str = "SELECT indexrelname::text AS name FROM pg_stat_user_indexes WHERE idx_scan > 0";
    const WHOLE: &str = "SELECT relname::text AS name FROM pg_stat_user_tables WHERE seq_scan > 0
        AND relname IN ('webhook_deliveries', 'payment_attempts', 'events', 'jobs')";
    let shop = Shopping::new().await;
    let app = &shop.app.app;
    let receiver = Receiver::accepting().await;
    subscribe(&shop.app, &shop.store, "ORDERS_CREATE", &receiver.url()).await;
    shop.on_sale(1, 1000, 100).await;
    let cart = shop.cart(&[(1, 1)]).await;
    shop.complete(&shop.wish(&cart, "bogus", None, "1")).await.expect("a free key").expect("an order");
    worker::drain(app).await.expect("the worker");
    admin(&shop.app.db.name).await.batch_execute(OLD).await.expect("many old rows");
    end_sessions(&shop).await;
    names(&shop, "SELECT pg_stat_reset()::text AS name").await;

    let cart = shop.cart(&[(1, 1)]).await;
    let desk = Desk { db: shop.db.clone(), now: app.clock.now(), entropy: app.entropy.clone() };
    cart_note_update(&desk, Some(cart.clone()), "a note").await.expect("a note");
    let pending = shop.complete(&shop.wish(&cart, "bogus", Some("timeout-then-approved"), "1")).await;
    assert!(pending.expect("a free key").is_err());
    shop.app.clock.advance(TimeDelta::seconds(11));
    append(app, &shop.store, &[Topic::OrdersCreate]).await;
    let mail = Message {
        to: "ada@shop.example".to_owned(),
        from_name: "Acme".to_owned(),
        reply_to: None,
        subject: "Hello".to_owned(),
        text: "Hello".to_owned(),
        html: None,
    };
    shop.db.write(async |tx| Ok::<_, Fault>(post_in_tx(tx, app, mail).await?)).await.expect("posted");
    worker::drain(app).await.expect("the worker");
    assert_eq!((receiver.received().len(), shop.numbers().await.len()), (3, 2));
    worker::sweep(app).await.expect("a sweep");
    admin(&shop.app.db.name).await.batch_execute(CASCADES).await.expect("deletions");

    end_sessions(&shop).await;
    let wanted: Vec<String> =
        names(&shop, PARTIAL).await.into_iter().chain(["payment_attempts_cart".to_owned()]).collect();
    assert!(wanted.len() > 4, "{wanted:?}");
    let used = names(&shop, USED).await;
    let unused: Vec<_> = wanted.iter().filter(|index| !used.contains(index)).collect();
    assert!(unused.is_empty(), "not used: {unused:?}");
    assert_eq!(names(&shop, WHOLE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_line_is_found_by_its_own_id_among_many() {
    const MANY: &str =
        "INSERT INTO order_lines SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(),
            'position', n + 1))).* FROM order_lines l, generate_series(1, 5000) n;
        ANALYZE;";
    const READ: &str = "SELECT indexrelname::text || ' ' || idx_tup_read AS name FROM pg_stat_user_indexes
        WHERE relname = 'order_lines' AND idx_scan > 0";
    const WHOLE: &str = "SELECT relname::text AS name FROM pg_stat_user_tables
        WHERE relname = 'order_lines' AND seq_scan > 0";
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    admin(&shop.app.db.name).await.batch_execute(MANY).await.expect("many lines");
    let ids = names(&shop, "SELECT 'gid://emporia/LineItem/' || id AS name FROM order_lines ORDER BY id LIMIT 3").await;
    end_sessions(&shop).await;
    names(&shop, "SELECT pg_stat_reset()::text AS name").await;

    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let found = shop.app.gql(&shop.store.secret, query, json!({ "ids": ids })).await;
    assert_eq!(found["nodes"].as_array().map(Vec::len), Some(3));
    assert!(found["nodes"].as_array().is_some_and(|nodes| nodes.iter().all(|node| !node.is_null())));

    end_sessions(&shop).await;
    assert_eq!(names(&shop, READ).await, ["order_lines_id 3"]);
    assert_eq!(names(&shop, WHOLE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_months_postings_are_found_among_those_of_years() {
    const MANY: &str =
        "INSERT INTO ledger_postings SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(),
            'order_id', gen_random_uuid(), 'occurred_at', p.occurred_at - n * interval '10 hours'))).*
            FROM ledger_postings p, generate_series(1, 5000) n;
        ANALYZE;";
    const WHOLE: &str = "SELECT relname::text AS name FROM pg_stat_user_tables
        WHERE relname = 'ledger_postings' AND seq_scan > 0";
    const READ: &str = "SELECT indexrelname::text AS name FROM pg_stat_user_indexes
        WHERE relname = 'ledger_postings' AND idx_scan > 0 ORDER BY 1";
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    worker::drain(&shop.app.app).await.expect("the worker");
    admin(&shop.app.db.name).await.batch_execute(MANY).await.expect("many postings");
    end_sessions(&shop).await;
    names(&shop, "SELECT pg_stat_reset()::text AS name").await;

    for query in [
        "{ ledgerPostings(first: 2) { nodes { id } } }",
        "{ ledgerPostings(last: 2, period: \"2025-06\") { nodes { id } } }",
        "{ usage(period: \"2025-06\") { fees { total { amount } } } }",
    ] {
        shop.app.gql(&shop.store.secret, query, json!({})).await;
    }
    end_sessions(&shop).await;
    assert_eq!(names(&shop, READ).await, ["ledger_postings_invoiced", "ledger_postings_occurred"]);
    assert_eq!(names(&shop, WHOLE).await, Vec::<String>::new());
}
