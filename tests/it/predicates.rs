//! Does a statement name its tenant for every table it touches? The policy would stop it anyway; the predicate
//! gives the planner its constant and a sharded database the shard's address.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Delete, Expr, FromTable, Insert, JoinConstraint, JoinOperator, ObjectName, Select, Statement,
    TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// The tables that the statement touches without saying whose rows are meant: each SELECT, UPDATE and DELETE in it has
/// to compare each of its tables' `tenant_id`, and each INSERT to give one.
pub fn unscoped(sql: &str) -> Vec<String> {
    let parse = |sql: &str| Parser::parse_sql(&PostgreSqlDialect {}, sql);
    // What the parser does not know: the weaker row locks, and which partial index a conflict is with. What it takes for the name of a column: the ON of
    // `INSERT … SELECT $1 ON CONFLICT`.
    let known = sql.replace(" FOR KEY SHARE", " FOR SHARE").replace(" FOR NO KEY UPDATE", " FOR UPDATE");
    let known = without_index_predicate(&known);
    let statements = parse(&known).or_else(|_| parse(&known.replacen(" ON CONFLICT", " WHERE true ON CONFLICT", 1)));
    let statements = statements.unwrap_or_else(|error| panic!("{error}: {sql}"));
    let mut judge = Judge::default();
    let _ = statements.visit(&mut judge);
    judge.unscoped.into_iter().collect()
}

/// `ON CONFLICT (…) WHERE (…) DO …` without what stands before DO: it chooses an index, and no rows.
fn without_index_predicate(sql: &str) -> String {
    let cut = || {
        let at = sql.find(" ON CONFLICT (")?;
        let columns = at + sql[at..].find(')')? + 1;
        let action = columns + sql[columns..].find(" DO ")?;
        sql[columns..action].starts_with(" WHERE ").then(|| format!("{}{}", &sql[..columns], &sql[action..]))
    };
    cut().unwrap_or_else(|| sql.to_owned())
}

#[derive(Default)]
struct Judge {
    unscoped: BTreeSet<String>,
}

impl Visitor for Judge {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            // Its SELECTs are judged below.
            Statement::Query(_) => {}
            Statement::Insert(Insert { table: TableObject::TableName(name), columns, .. }) => {
                if !columns.iter().any(|column| last(column) == "tenant_id") {
                    self.unscoped.extend(tenant_table(name));
                }
            }
            Statement::Update(Update { table, from, selection, .. }) => {
                let mut tables = vec![table];
                if let Some(UpdateTableFromKind::BeforeSet(more) | UpdateTableFromKind::AfterSet(more)) = from {
                    tables.extend(more);
                }
                self.judge(tables, selection.as_ref());
            }
            Statement::Delete(Delete { from, using, selection, .. }) => {
                let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = from;
                self.judge(tables.iter().chain(using.iter().flatten()), selection.as_ref());
            }
            other => panic!("a statement of a kind that nobody has thought of: {other}"),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.judge(&select.from, select.selection.as_ref());
        ControlFlow::Continue(())
    }
}

impl Judge {
    /// One level of a statement: its tables, and what must be true of their rows.
    fn judge<'a>(&mut self, from: impl IntoIterator<Item = &'a TableWithJoins>, selection: Option<&Expr>) {
        let (mut tables, mut conditions) =
            (Vec::new(), selection.map(Condition::of_all).into_iter().collect::<Vec<_>>());
        for table in from {
            gather(table, &mut tables, &mut conditions);
        }
        let (mut known, mut equal) = (BTreeSet::new(), Vec::new());
        while let Some(Condition { expression, of }) = conditions.pop() {
            let part = |expression| Condition { expression, of: of.clone() };
            match expression {
                Expr::Nested(inner) => conditions.push(part(inner)),
                Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                    conditions.extend([part(left), part(right)]);
                }
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    // A table of an outer level is as good as a constant: it is judged there.
                    let own = |side| tenant_of(side).filter(|alias| tables.iter().any(|(own, _)| own == alias));
                    let binds = |alias: &String| of.as_ref().is_none_or(|of| of.contains(alias));
                    match (own(left), own(right)) {
                        (Some(a), Some(b)) => {
                            let both = [(a.clone(), b.clone()), (b, a)];
                            equal.extend(both.into_iter().filter(|(_, to)| binds(to)));
                        }
                        (Some(a), None) | (None, Some(a)) => known.extend(Some(a).filter(binds)),
                        (None, None) => {}
                    }
                }
                // What may be false for a row that is found says nothing of it.
                _ => {}
            }
        }
        // A join on tenant_id hands the constant on.
        for _ in 0..equal.len() {
            for (from, to) in &equal {
                if known.contains(from) {
                    known.insert(to.clone());
                }
            }
        }
        self.unscoped.extend(tables.into_iter().filter(|(alias, _)| !known.contains(alias)).map(|(_, name)| name));
    }
}

/// What must be true of the rows of these tables that are found; without a list, of all tables' rows of its level.
struct Condition<'a> {
    expression: &'a Expr,
    of: Option<Vec<String>>,
}

impl<'a> Condition<'a> {
    fn of_all(expression: &'a Expr) -> Self {
        Self { expression, of: None }
    }
}

/// The tenant tables of a FROM item, each with the name by which the statement calls it, and its joins' conditions.
fn gather<'a>(item: &'a TableWithJoins, tables: &mut Vec<(String, String)>, conditions: &mut Vec<Condition<'a>>) {
    gather_one(&item.relation, tables, conditions);
    for join in &item.joins {
        let before = tables.len();
        gather_one(&join.relation, tables, conditions);
        let joined = || tables[before..].iter().map(|(called, _)| called.clone()).collect();
        match &join.join_operator {
            JoinOperator::Join(JoinConstraint::On(condition)) | JoinOperator::Inner(JoinConstraint::On(condition)) => {
                conditions.push(Condition::of_all(condition));
            }
            // Rows of the left side are found whether it holds or not.
            JoinOperator::Left(JoinConstraint::On(condition))
            | JoinOperator::LeftOuter(JoinConstraint::On(condition)) => {
                conditions.push(Condition { expression: condition, of: Some(joined()) });
            }
            _ => {}
        }
    }
}

fn gather_one<'a>(relation: &'a TableFactor, tables: &mut Vec<(String, String)>, conditions: &mut Vec<Condition<'a>>) {
    match relation {
        TableFactor::Table { name, alias, args: None, .. } => {
            let called = alias.as_ref().map_or_else(|| last(name), |alias| alias.name.value.clone());
            tables.extend(tenant_table(name).map(|name| (called, name)));
        }
        TableFactor::NestedJoin { table_with_joins, .. } => gather(table_with_joins, tables, conditions),
        // A function has no tables; a query's are judged at its own level.
        _ => {}
    }
}

/// The table's name, unless it belongs to the platform or to PostgreSQL.
fn tenant_table(name: &ObjectName) -> Option<String> {
    let name = name.to_string().replace('"', "");
    let is_other = ["platform.", "pg_"].iter().any(|prefix| name.starts_with(prefix));
    (!is_other).then_some(name)
}

fn last(name: &ObjectName) -> String {
    name.0.last().map(|part| part.to_string().replace('"', "")).unwrap_or_default()
}

/// What the statement calls the table of a `"table"."tenant_id"`.
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
        ("SELECT a.id FROM a WHERE a.id IN (SELECT a.id FROM a WHERE a.tenant_id = $1)", vec!["a"]),
        ("SELECT a.id FROM a WHERE a.tenant_id = $1 OR a.id = $2", vec!["a"]),
        ("SELECT a.id FROM a WHERE NOT (a.tenant_id = $1)", vec!["a"]),
        ("SELECT a.tenant_id = $1 FROM a", vec!["a"]),
        ("SELECT x.id FROM a x INNER JOIN a y ON y.id = x.id WHERE x.tenant_id = $1", vec!["a"]),
        ("SELECT a.id FROM a CROSS JOIN b WHERE a.tenant_id = $1", vec!["b"]),
        ("UPDATE a SET tenant_id = $1", vec!["a"]),
        ("UPDATE a SET x = b.x FROM b WHERE a.id = b.id AND a.tenant_id = $1", vec!["b"]),
        ("DELETE FROM a USING b WHERE b.tenant_id = $1 AND b.id = a.id", vec!["a"]),
        ("INSERT INTO a (tenant_id) SELECT b.tenant_id FROM b", vec!["b"]),
        ("SELECT a.id FROM a LEFT JOIN b ON a.tenant_id = $1 AND b.tenant_id = $1", vec!["a"]),
        ("SELECT a.id FROM a LEFT JOIN b ON b.tenant_id = $1 AND b.tenant_id = a.tenant_id", vec!["a"]),
        ("INSERT INTO a (x) SELECT $1 ON CONFLICT DO NOTHING", vec!["a"]),
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
        "SELECT a.id FROM a WHERE a.tenant_id = $1 FOR KEY SHARE",
        "SELECT a.id FROM a WHERE a.tenant_id = $1 FOR NO KEY UPDATE OF a",
        "INSERT INTO a (tenant_id, x) SELECT $1, unnest($2) ON CONFLICT (tenant_id, x) DO UPDATE SET x = excluded.x",
        "INSERT INTO platform.outbox_ready (tenant_id, kind) VALUES ($1, $2)",
        "SELECT a.id FROM a WHERE a.tenant_id = $1 AND EXISTS (SELECT 1 FROM b WHERE b.tenant_id = a.tenant_id)",
        "SELECT a.id FROM a LEFT JOIN (b INNER JOIN c ON c.tenant_id = b.tenant_id) ON b.tenant_id = a.tenant_id WHERE a.tenant_id = $1",
        "SELECT a.id FROM a WHERE (a.tenant_id = $1 AND a.x) AND (a.y OR a.z)",
    ];
    for sql in good {
        assert_eq!(unscoped(sql), Vec::<String>::new(), "{sql}");
    }
}
