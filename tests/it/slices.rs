//! Whose tables are whose, read off the source: a slice changes another's data only through its service, and who reads
//! another's tables is listed.

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::sources;

/// Read models: what joins tables of other slices, since one statement is to answer.
const READ_MODELS: &[(&str, &[&str])] = &[
    ("cart/store/load.rs", &["inventory_levels", "product_variants", "products"]),
    ("catalog/store/along.rs", &["inventory_levels"]),
    ("catalog/store/conditions.rs", &["inventory_levels"]),
    ("catalog/store/variants.rs", &["inventory_levels"]),
    (
        "checkout/store.rs",
        &["cart_lines", "inventory_levels", "locations", "orders", "product_options", "product_variants"],
    ),
    ("content/store/place.rs", &["collections", "products"]),
    ("content/store/sitemap.rs", &["collections", "products"]),
    ("import/store.rs", &["inventory_levels", "product_variants"]),
    ("inventory/store.rs", &["locations", "product_variants"]),
    ("shipping/store.rs", &["cart_addresses"]),
];

/// Tables that two may write: what an order leaves for the worker, the worker takes.
const SHARED: &[(&str, [&str; 2])] = &[("outbox_ready", ["events", "worker"])];

/// Written where a macro's parameter stands for the table.
const BY_MACRO: &[(&str, &str)] =
    &[("catalog", "product_option_values"), ("catalog", "product_options"), ("catalog", "product_variants")];

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The table that a name stands for in this text: `payment_attempts as attempts`.
fn resolved<'a>(text: &'a str, name: &'a str) -> &'a str {
    let renamed =
        text.match_indices(&format!(" as {name}")).find(|(at, found)| word(&text[at + 4..]).len() + 4 == found.len());
    renamed.map_or(name, |(at, _)| {
        let start = text[..at].rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |before| before + 1);
        &text[start..at]
    })
}

/// The tables that a text writes.
fn written(text: &str) -> BTreeSet<&str> {
    let statements = ["insert_into(", "update(", "delete("].into_iter().flat_map(|verb| {
        text.match_indices(verb).filter_map(|(at, verb)| {
            let argument = text[at + verb.len()..].trim_start();
            let name = word(argument);
            argument[name.len()..].starts_with("::table").then_some(name)
        })
    });
    let rows = text.match_indices("insert_rows!(").filter_map(|(at, call)| {
        let name = word(text[at + call.len()..].split_once(',')?.1.trim_start());
        (!name.is_empty()).then_some(name)
    });
    statements.chain(rows).map(|name| resolved(text, name)).collect()
}

/// The tables whose definitions a text imports.
fn imported(text: &str) -> BTreeSet<&str> {
    let lists = text.match_indices("db::schema::").map(|(at, path)| {
        let rest = &text[at + path.len()..];
        rest.strip_prefix('{').map_or_else(|| word(rest), |list| list.split('}').next().unwrap_or_default())
    });
    lists.flat_map(|list| list.split(',')).map(|item| word(item.trim())).filter(|name| !name.is_empty()).collect()
}

fn slice(file: &str) -> &str {
    file.split('/').next().unwrap_or_default()
}

/// Each table's writers.
fn writers(sources: &[(String, String)]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut writers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, text) in sources {
        for table in written(text) {
            writers.entry(table).or_default().insert(slice(file));
        }
    }
    for (slice, table) in BY_MACRO {
        writers.entry(table).or_default().insert(slice);
    }
    writers
}

#[test]
fn no_table_is_written_by_two_slices() {
    let sources = sources();
    let writers = writers(&sources);
    assert!(writers.len() > 30, "only {} tables are written: {:?}", writers.len(), writers.keys());
    let shared: Vec<_> = writers.iter().filter(|(_, by)| by.len() > 1).collect();
    let expected: Vec<_> = SHARED.iter().map(|(table, by)| (*table, by.iter().copied().collect())).collect();
    assert_eq!(shared, expected.iter().map(|(table, by)| (table, by)).collect::<Vec<_>>());
}

#[test]
fn who_reads_another_slices_tables_is_listed() {
    let sources = sources();
    let writers = writers(&sources);
    let foreign = |file: &str, table: &str| writers.get(table).is_some_and(|by| !by.contains(slice(file)));
    let mut found = Vec::new();
    for (file, text) in &sources {
        let tables: Vec<_> = imported(text).into_iter().filter(|table| foreign(file, table)).collect();
        if !tables.is_empty() {
            found.push((file.as_str(), tables));
        }
    }
    found.sort_unstable();
    let listed: Vec<_> = READ_MODELS.iter().map(|(file, tables)| (*file, tables.to_vec())).collect();
    assert_eq!(found, listed);
}

#[test]
fn writes_and_imports_are_recognised() {
    let text = "use crate::db::schema::{payment_attempts as attempts, carts,\n orders}; use crate::db::schema::shops;
        diesel::insert_into(attempts::table) update(\n carts::table.find(1)) delete(other) insert_rows!(tx.tenant(), lines, rows)
        insert_rows!($tx.tenant(), $table, rows)";
    assert_eq!(written(text), ["carts", "lines", "payment_attempts"].into());
    assert_eq!(imported(text), ["carts", "orders", "payment_attempts", "shops"].into());
}
