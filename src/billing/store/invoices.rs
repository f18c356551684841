//! The tenant's invoices.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::billing::model::{Invoice, InvoiceStatus, NewInvoice};
use crate::db::keyset::by;
use crate::db::schema::invoices;
use crate::db::{QueryError, TenantConn, TenantTx};
use crate::money::Currency;
use crate::page::PageQuery;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = invoices, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
struct Row {
    stripe_invoice_id: String,
    number: Option<String>,
    status: String,
    currency: String,
    total_minor: i64,
    due_minor: i64,
    paid_minor: i64,
    hosted_url: Option<String>,
    pdf_url: Option<String>,
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
    created_at: DateTime<Utc>,
    is_for_fees: bool,
}

impl Row {
    fn of(said: &NewInvoice) -> Self {
        let said = said.clone();
        Self {
            stripe_invoice_id: said.stripe_invoice_id,
            number: said.number,
            status: said.status.as_db().to_owned(),
            currency: said.currency.code().to_owned(),
            total_minor: said.total_minor,
            due_minor: said.due_minor,
            paid_minor: said.paid_minor,
            hosted_url: said.hosted_url,
            pdf_url: said.pdf_url,
            period_start: said.period_start,
            period_end: said.period_end,
            created_at: said.created_at,
            is_for_fees: said.is_for_fees,
        }
    }

    fn read(self, id: Uuid) -> QueryResult<Invoice> {
        let unreadable = |what: &str| QueryError::DeserializationError(format!("an invoice's {what}").into());
        let said = NewInvoice {
            stripe_invoice_id: self.stripe_invoice_id,
            number: self.number,
            status: InvoiceStatus::from_db(&self.status).ok_or_else(|| unreadable("status"))?,
            currency: Currency::from_code(&self.currency).ok_or_else(|| unreadable("currency"))?,
            total_minor: self.total_minor,
            due_minor: self.due_minor,
            paid_minor: self.paid_minor,
            hosted_url: self.hosted_url,
            pdf_url: self.pdf_url,
            period_start: self.period_start,
            period_end: self.period_end,
            created_at: self.created_at,
            is_for_fees: self.is_for_fees,
        };
        Ok(Invoice { id, said })
    }
}

/// Has an invoice be like this; `id` is a new one's.
pub async fn put(tx: &mut TenantTx<'_>, id: Uuid, said: &NewInvoice, now: DateTime<Utc>) -> QueryResult<usize> {
    let row = Row::of(said);
    diesel::insert_into(invoices::table)
        .values((invoices::tenant_id.eq(tx.tenant()), invoices::id.eq(id), &row, invoices::updated_at.eq(now)))
        .on_conflict((invoices::tenant_id, invoices::stripe_invoice_id))
        .do_update()
        .set((&row, invoices::updated_at.eq(now)))
        .execute(tx)
        .await
}

/// A page in the order in which they were made.
pub async fn page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<Invoice>> {
    let query = invoices::table
        .filter(invoices::tenant_id.eq(conn.tenant()))
        .select((invoices::id, Row::as_select()))
        .limit(page.limit)
        .into_boxed();
    let rows: Vec<(Uuid, Row)> = by!(query, page, invoices::id).load(conn).await?;
    rows.into_iter().map(|(id, row)| row.read(id)).collect()
}

/// The invoices with these ids.
pub async fn by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Invoice>> {
    let rows: Vec<(Uuid, Row)> = invoices::table
        .filter(invoices::tenant_id.eq(conn.tenant()))
        .filter(invoices::id.eq_any(ids))
        .select((invoices::id, Row::as_select()))
        .load(conn)
        .await?;
    rows.into_iter().map(|(id, row)| row.read(id)).collect()
}

/// Those that Stripe calls so.
pub async fn by_stripe_id(conn: &mut TenantConn<'_>, ids: &[&str]) -> QueryResult<Vec<Invoice>> {
    let rows: Vec<(Uuid, Row)> = invoices::table
        .filter(invoices::tenant_id.eq(conn.tenant()))
        .filter(invoices::stripe_invoice_id.eq_any(ids))
        .select((invoices::id, Row::as_select()))
        .load(conn)
        .await?;
    rows.into_iter().map(|(id, row)| row.read(id)).collect()
}

/// The newest that is to be paid for a plan.
pub async fn open(conn: &mut TenantConn<'_>) -> QueryResult<Option<Invoice>> {
    let row: Option<(Uuid, Row)> = invoices::table
        .filter(invoices::tenant_id.eq(conn.tenant()))
        .filter(invoices::status.eq(InvoiceStatus::Open.as_db()))
        .filter(invoices::is_for_fees.eq(false))
        .order(invoices::id.desc())
        .select((invoices::id, Row::as_select()))
        .first(conn)
        .await
        .optional()?;
    row.map(|(id, row)| row.read(id)).transpose()
}
