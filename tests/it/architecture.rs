//! Rules that are facts about the source: what may name what. ARCHITECTURE.md says why.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every Rust file below src, with its path from there and its text without comments.
pub fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("src is readable") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).expect("a text");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                files.push((name, code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    assert!(files.len() > 50, "src has more than {} files", files.len());
    files
}

/// Whether `word` occurs as a path segment or crate name: `diesel::`, `use diesel`, not `diesel_async_like`.
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        boundary(text[..at].chars().next_back()) && boundary(text[at + word.len()..].chars().next())
    })
}

fn breaches(rule: &str, applies: impl Fn(&str) -> bool, breaks: impl Fn(&str) -> bool) -> Vec<String> {
    let sources = sources();
    assert!(sources.iter().any(|(name, _)| applies(name)), "nothing is left for the rule: {rule}");
    sources
        .into_iter()
        .filter(|(name, text)| applies(name) && breaks(text))
        .map(|(name, _)| format!("{name}: {rule}"))
        .collect()
}

fn room(name: &str, room: &str) -> bool {
    name.ends_with(&format!("/{room}.rs")) || name.contains(&format!("/{room}/"))
}

fn uses_diesel(text: &str) -> bool {
    names(text, "diesel") || names(text, "diesel_async")
}

#[test]
fn only_the_persistence_rooms_use_diesel() {
    let may = |name: &str| {
        room(name, "store") || name.starts_with("db/") || name == "events/outbox.rs" || name.starts_with("worker/")
            // The conversion of a database error into a fault.
            || name == "error.rs"
            // A log filter's text.
            || name == "telemetry/mod.rs"
    };
    let found = breaches("may not use diesel", |name| !may(name), uses_diesel);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn services_stores_and_models_do_not_know_graphql() {
    let below = |name: &str| ["service", "store"].iter().any(|below| room(name, below));
    let found = breaches("may not use async_graphql", below, |text| names(text, "async_graphql"));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn resolvers_do_not_open_transactions() {
    let resolver = |name: &str| room(name, "graphql") && !name.starts_with("http/");
    let found = breaches("may not open a transaction", resolver, |text| text.contains(".write(async"));
    assert_eq!(found, Vec::<String>::new());
}

/// The query builder can call any function of PostgreSQL that is declared to it.
#[test]
fn nothing_but_the_boundary_changes_a_sessions_settings() {
    let found = breaches("may not set anything", |name| name != "db/tenant.rs", |text| names(text, "set_config"));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn slices_work_for_the_tenant_they_are_given() {
    // Who proves a tenant, and the three services that make the desk at which one works of what they are given.
    let may = |name: &str| {
        ["db/", "worker/", "cli/", "dev/"].iter().any(|room| name.starts_with(room))
            || ["graphql/scope.rs", "provision.rs"].contains(&name)
            || ["cart/service.rs", "checkout/service/mod.rs", "import/service.rs"].contains(&name)
            // For the tenant that the guard has proved.
            || name == "http/graphql/execute.rs"
            // The guard itself, for the tenant that a signed token names.
            || ["tenant/resolve/staff.rs", "tenant/resolve/outside.rs"].contains(&name)
            // For the tenant that a provider's organization is.
            || name == "identity/provider/inbound.rs"
            // Plans, for the tenants that are on one, and for the one whose subscription an operator changes.
            || ["plan/service/spread.rs", "plan/service/operator.rs"].contains(&name)
            // Payments, for the tenant that is Stripe's customer.
            || ["billing/service/inbound.rs", "billing/service/reconcile.rs"].contains(&name)
            // And for the one that an operator names, which has to have let them in.
            || name == "tenant/resolve/operator.rs"
    };
    // With an argument: without one it asks which tenant it is.
    let chooses = |text: &str| text.split(".tenant(").skip(1).any(|rest| !rest.starts_with(')'));
    let found = breaches("may not choose a tenant", |name| !may(name), chooses);
    assert_eq!(found, Vec::<String>::new());
    assert!(sources().iter().any(|(name, text)| may(name) && chooses(text)));
}

#[test]
fn the_tables_know_nothing_of_the_crate() {
    let found = breaches(
        "imports from the crate",
        |name| ["db/schema.rs", "db/platform_schema.rs"].contains(&name),
        |text| names(text, "crate"),
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn nothing_below_the_edge_knows_http() {
    let below = |name: &str| ["service", "store", "model", "loaders"].iter().any(|below| room(name, below));
    let found = breaches("may not use the edge", below, |text| text.contains("crate::http"));
    assert_eq!(found, Vec::<String>::new());
}

/// What makes a client of others' services, or a connection to them.
const CLIENTS: [&str; 8] = [
    "reqwest::Client::",
    "reqwest::get",
    "outbound(",
    "guarded(",
    "AsyncSmtpTransport::",
    "hickory_resolver",
    "TcpStream::connect",
    "lookup_host",
];
/// Crates that have clients of their own.
const OF_THEIR_OWN: [&str; 5] = ["aws_sdk_s3", "hyper_util::client", "object_store", "rusoto_s3", "ureq"];

/// So that a client that comes later (an object store's, a carrier's) has its time, its repetitions and its circuit.
#[test]
fn whoever_calls_a_service_of_others_does_so_by_the_policy_of_all() {
    let calls = |text: &str| {
        CLIENTS.iter().any(|client| text.contains(client)) || OF_THEIR_OWN.iter().any(|crate_| names(text, crate_))
    };
    let may = |name: &str| {
        // Those who make clients …
        name.starts_with("outside/")
            // … and those who call nobody else's: the database …
            || name.starts_with("db/")
            // … and a process of this machine.
            || name == "cli/health.rs"
    };
    // The room of each client has the target that calls by it.
    let sources = sources();
    let room = |name: &str| name.rsplit_once('/').map_or("", |(room, _)| room).to_owned();
    let targets = |of: &str| {
        sources.iter().any(|(name, text)| {
            room(name) == of && (text.contains("outside.target(") || text.contains("outside.targets("))
        })
    };
    let callers: Vec<&str> =
        sources.iter().filter(|(name, text)| !may(name) && calls(text)).map(|(name, _)| name.as_str()).collect();
    for file in ["mail/carry.rs", "domain/dns.rs", "billing/stripe/client.rs", "identity/provider/fetch.rs"] {
        assert!(callers.contains(&file), "{file} is seen: {callers:?}");
    }
    // Its target is the process's: a delivery asks for it before it is claimed.
    let elsewhere = |name: &&&str| **name != "webhook/client.rs";
    let without: Vec<_> = callers.iter().filter(elsewhere).filter(|name| !targets(&room(name))).collect();
    assert!(without.is_empty(), "nothing here bounds and counts their calls: {without:?}");
    assert!(sources.iter().any(|(name, text)| name == "app.rs" && text.contains("outside.targets(\"webhooks\"")));
    assert!(sources.iter().any(|(name, text)| name == "payment/called.rs" && text.contains("outside.target(")));
}

/// Whoever has a circuit without a target has neither its time limits nor its metrics: ADR 0046 says of whom that is right.
#[test]
fn circuits_without_a_target_are_those_of_redis_and_of_the_replica() {
    let sources = sources();
    let outside = |name: &str| name.starts_with("outside/");
    let having = sources.iter().filter(|(name, text)| !outside(name) && text.contains("Circuits::new("));
    let having: BTreeSet<&str> = having.map(|(name, _)| name.as_str()).collect();
    assert_eq!(having, BTreeSet::from(["cache/redis.rs", "db/replica.rs"]));
}

/// What is far down a list costs as much as what is at its top.
#[test]
fn no_page_is_found_by_counting() {
    // The vocabulary numbers a sitemap's pages, and crawlers read all of them, seldom.
    let keyset = |name: &str| name != "content/store/sitemap.rs";
    let found = breaches("may not use OFFSET", keyset, |text| text.contains(".offset(") || text.contains("OFFSET "));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn nothing_is_left_to_do() {
    let stub = |text: &str| ["todo!(", "unimplemented!(", "dbg!("].iter().any(|stub| text.contains(stub));
    assert_eq!(breaches("holds a stub", |_| true, stub), Vec::<String>::new());
}

#[test]
fn a_word_counts_only_as_a_whole() {
    assert!(names("use diesel::prelude::*;", "diesel"));
    assert!(!names("use my_diesel::x;", "diesel") && !names("use diesel_async::x;", "diesel"));
}
