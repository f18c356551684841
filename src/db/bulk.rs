//! Many rows with one statement.

use diesel::sql_types::{Array, SingleValue};

diesel::define_sql_function! {
    /// An array's elements as rows. Several in one select list go in step.
    fn unnest<T: SingleValue>(array: Array<T>) -> T;
}

/// `INSERT INTO table (tenant_id, …) SELECT $1, unnest($2), …`: as many rows as there are, in their order. The text
/// is the same whatever their number, so the statement is prepared once, and a column is one parameter, so the
/// protocol's 65,535 are never reached.
macro_rules! insert_rows {
    ($tenant:expr, $table:ident, $rows:expr, |$row:pat_param| { $($column:ident: $value:expr),+ $(,)? }) => {
        diesel::insert_into($table::table)
            .values(diesel::select((
                $tenant.into_sql::<diesel::sql_types::Uuid>(),
                $($crate::db::unnest($rows
                    .iter()
                    .map(
                        #[allow(unused_variables, reason = "a column takes what it needs of the row")]
                        |$row| $value,
                    )
                    .collect::<Vec<_>>()),)+
            )))
            .into_columns(($table::tenant_id, $($table::$column,)+))
    };
}
pub(crate) use insert_rows;
