//! Does a statement name its tenant for every table it touches? The policy would stop it anyway; the predicate
//! gives the planner its constant and a sharded database the shard's address.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, Statement, TableObject, visit_expressions, visit_relations};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// The tables that the statement touches without saying whose rows are meant. Diesel writes tables without aliases,
/// so a table is known by its name.
pub fn unscoped(sql: &str) -> Vec<String> {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    statements.iter().flat_map(unscoped_in).collect()
}

fn unscoped_in(statement: &Statement) -> Vec<String> {
    let mut tables = BTreeSet::new();
    let _: ControlFlow<()> = visit_relations(statement, |name| {
        let parts: Vec<String> = name.0.iter().map(|part| part.to_string().replace('"', "")).collect();
        if !matches!(parts.first().map(String::as_str), Some("platform" | "pg_catalog" | "unnest")) {
            tables.insert(parts.join("."));
        }
        ControlFlow::Continue(())
    });
    let mut known = BTreeSet::new();
    if let Statement::Insert(insert) = statement
        && let TableObject::TableName(name) = &insert.table
        && insert.columns.iter().any(|column| column.to_string().replace('"', "") == "tenant_id")
    {
        known.insert(name.to_string().replace('"', ""));
    }
    let mut equal = Vec::new();
    let _: ControlFlow<()> = visit_expressions(statement, |expression| {
        if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expression {
            match (tenant_of(left), tenant_of(right)) {
                (Some(a), Some(b)) => equal.push((a, b)),
                (Some(a), None) | (None, Some(a)) => drop(known.insert(a)),
                (None, None) => {}
            }
        }
        ControlFlow::Continue(())
    });
    // A join on tenant_id hands the constant on.
    for _ in 0..equal.len() {
        for (a, b) in &equal {
            if known.contains(a) || known.contains(b) {
                known.extend([a.clone(), b.clone()]);
            }
        }
    }
    tables.difference(&known).cloned().collect()
}

/// The table of a `"table"."tenant_id"`.
fn tenant_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::CompoundIdentifier(parts) => match &parts[..] {
            [.., table, column] if column.value == "tenant_id" => Some(table.value.clone()),
            _ => None,
        },
        Expr::Nested(inner) => tenant_of(inner),
        _ => None,
    }
}

#[test]
fn a_statement_without_its_tenant_is_found() {
    let bad = [
        ("SELECT products.id FROM products WHERE products.id = $1", vec!["products"]),
        ("SELECT a.id FROM a INNER JOIN b ON b.id = a.b_id WHERE a.tenant_id = $1", vec!["b"]),
        ("UPDATE pages SET title = $1 WHERE pages.id = $2", vec!["pages"]),
        ("DELETE FROM pages", vec!["pages"]),
        ("INSERT INTO pages (id) VALUES ($1)", vec!["pages"]),
        ("SELECT a.id FROM a WHERE a.tenant_id = $1 AND a.id IN (SELECT b.id FROM b)", vec!["b"]),
    ];
    for (sql, expected) in bad {
        assert_eq!(unscoped(sql), expected, "{sql}");
    }
}

#[test]
fn a_statement_with_its_tenant_passes() {
    let good = [
        r#"SELECT "a"."id" FROM ("a" LEFT OUTER JOIN "b" ON (("b"."tenant_id" = "a"."tenant_id") AND ("b"."x" = "a"."id"))) WHERE ("a"."tenant_id" = $1)"#,
        "INSERT INTO pages (tenant_id, id) VALUES ($1, $2), ($3, $4)",
        "UPDATE pages SET title = $1 WHERE pages.tenant_id = $2",
        "INSERT INTO platform.outbox_ready (tenant_id, kind) VALUES ($1, $2)",
    ];
    for sql in good {
        assert_eq!(unscoped(sql), Vec::<String>::new(), "{sql}");
    }
}
