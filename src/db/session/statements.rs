//! Which statements the server knows on this connection.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use diesel::pg::TypeOidLookup;
use postgres_protocol::message::backend::RowDescriptionBody;

/// How many are known at most: a caller who brings texts of ever new shapes must not fill the server's memory. The
/// oldest goes first. The product's own, of which there are fewer, are soon known again.
const MOST: usize = 500;

/// A statement and the columns of its rows.
pub struct Statement {
    /// Empty for one that is known for one run.
    name: String,
    /// What it does to which table, for traces.
    summary: Box<str>,
    columns: OnceLock<Vec<Column>>,
    is_asked: AtomicBool,
}

pub struct Column {
    pub name: String,
    oid: NonZeroU32,
}

impl TypeOidLookup for Column {
    fn lookup(&self) -> NonZeroU32 {
        self.oid
    }
}

impl Statement {
    pub fn unnamed(sql: &str) -> Self {
        Self::named(String::new(), sql)
    }

    fn named(name: String, sql: &str) -> Self {
        Self { name, summary: summary(sql).into(), columns: OnceLock::new(), is_asked: AtomicBool::new(false) }
    }

    pub fn summary(&self) -> &str {
        &self.summary
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn columns(&self) -> &[Column] {
        self.columns.get().map_or(&[], Vec::as_slice)
    }

    /// Whether this is the first time that it is asked for: the one that parses it.
    pub fn begins(&self) -> bool {
        !AtomicBool::swap(&self.is_asked, true, Ordering::Relaxed)
    }

    pub fn describe(&self, body: &RowDescriptionBody) -> io::Result<()> {
        use fallible_iterator::FallibleIterator;
        let untyped = || io::Error::new(io::ErrorKind::InvalidData, "a column without a type");
        let column = |field: postgres_protocol::message::backend::Field<'_>| {
            Ok(Column { name: field.name().to_owned(), oid: NonZeroU32::new(field.type_oid()).ok_or_else(untyped)? })
        };
        let columns = body.fields().map(column).collect()?;
        let _ = self.columns.set(columns);
        Ok(())
    }
}

/// `SELECT products` of `SELECT "products"."id" FROM "products" WHERE …`: nothing that anybody has entered.
fn summary(sql: &str) -> String {
    let verb = sql.split_whitespace().next().unwrap_or_default();
    let table = ["FROM ", "INTO ", "UPDATE "].into_iter().filter_map(|word| {
        let at = sql.find(word)?;
        let table = sql[at + word.len()..].trim_start_matches('(').split_whitespace().next()?;
        table.starts_with('"').then_some((at, table))
    });
    match table.min() {
        Some((_, table)) => format!("{verb} {}", table.replace('"', "").trim_end_matches([',', ')'])),
        None => verb.to_owned(),
    }
}

#[derive(Default)]
pub struct Statements {
    by_type: HashMap<TypeId, Arc<Statement>>,
    by_text: HashMap<Arc<str>, Arc<Statement>>,
    /// By age.
    order: VecDeque<Arc<str>>,
    made: u64,
}

/// A text may mean different statements with parameters of different types.
fn key<'a>(sql: &'a str, types: &[u32]) -> Cow<'a, str> {
    if types.is_empty() { sql.into() } else { format!("{sql} {types:?}").into() }
}

impl Statements {
    pub fn by_type(&self, kind: TypeId) -> Option<Arc<Statement>> {
        self.by_type.get(&kind).cloned()
    }

    pub fn by_text(&self, sql: &str, types: &[u32]) -> Option<Arc<Statement>> {
        self.by_text.get(&*key(sql, types)).cloned()
    }

    pub fn know_type(&mut self, kind: TypeId, statement: &Arc<Statement>) {
        self.by_type.insert(kind, statement.clone());
    }

    pub fn next_name(&mut self) -> String {
        self.made += 1;
        format!("s{}", self.made)
    }

    pub fn insert(&mut self, name: String, sql: &str, types: &[u32]) -> Arc<Statement> {
        let (statement, key) = (Arc::new(Statement::named(name, sql)), Arc::from(&*key(sql, types)));
        self.order.push_back(Arc::clone(&key));
        self.by_text.insert(key, statement.clone());
        statement
    }

    /// Takes the oldest out when there are as many as there may be; the server is to forget it as well.
    pub fn make_room(&mut self) -> Option<Arc<Statement>> {
        if self.order.len() < MOST {
            return None;
        }
        let oldest = self.by_text.remove(&self.order.pop_front()?)?;
        self.by_type.retain(|_, known| !Arc::ptr_eq(known, &oldest));
        Some(oldest)
    }

    /// Takes one out; answers whether it was known.
    pub fn forget(&mut self, statement: &Arc<Statement>) -> bool {
        let before = self.by_text.len();
        self.by_type.retain(|_, known| !Arc::ptr_eq(known, statement));
        self.by_text.retain(|_, known| !Arc::ptr_eq(known, statement));
        self.order.retain(|key| self.by_text.contains_key(key));
        self.by_text.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_the_verb_and_the_first_table() {
        for (sql, told) in [
            (r#"SELECT "products"."id" FROM "products" WHERE ("products"."tenant_id" = $1)"#, "SELECT products"),
            (r#"INSERT INTO "platform"."outbox_ready" ("tenant_id") VALUES ($1)"#, "INSERT platform.outbox_ready"),
            (r#"UPDATE "carts" SET "note" = $1 FROM "products""#, "UPDATE carts"),
            (r#"DELETE  FROM "carts" WHERE "note" = $1"#, "DELETE carts"),
            (r#"SELECT * FROM ("carts" INNER JOIN "x" ON true)"#, "SELECT carts"),
            ("COMMIT", "COMMIT"),
        ] {
            assert_eq!(summary(sql), told);
        }
    }
}
