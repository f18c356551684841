//! `invoices`.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use crate::access::permission::READ_BILLING;
use crate::billing::loaders::InvoiceById;
use crate::billing::model::{Invoice as Model, InvoiceStatus};
use crate::billing::store;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs, PageQuery};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::money::graphql::MoneyV2;

/// What the shop was billed for its plan, or for fees of its orders.
#[derive(Clone, Debug, Description)]
pub struct Invoice(Arc<Model>);

connection!(InvoiceConnection, InvoiceEdge, Invoice);

#[Object(use_type_description)]
impl Invoice {
    /// The invoice's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Invoice", self.0.id)
    }

    /// Its number, as it stands on it; null: it is a draft.
    async fn number(&self) -> Option<&str> {
        self.0.said.number.as_deref()
    }

    /// How far it is.
    async fn status(&self) -> InvoiceStatus {
        self.0.said.status
    }

    /// What it comes to; less than 0: that much is credited.
    async fn total(&self) -> MoneyV2 {
        MoneyV2(self.0.said.money(self.0.said.total_minor))
    }

    /// What of it was to be paid when it was made.
    async fn amount_due(&self) -> MoneyV2 {
        MoneyV2(self.0.said.money(self.0.said.due_minor))
    }

    /// What of it is paid.
    async fn amount_paid(&self) -> MoneyV2 {
        MoneyV2(self.0.said.money(self.0.said.paid_minor))
    }

    /// The page on which it is shown, and can be paid; null: it has none yet.
    async fn hosted_url(&self) -> Option<&str> {
        self.0.said.hosted_url.as_deref()
    }

    /// Where it is as a PDF; null: nowhere yet.
    async fn pdf_url(&self) -> Option<&str> {
        self.0.said.pdf_url.as_deref()
    }

    /// Whether it is for fees of orders alone. Those of a month may also stand on the plan's invoice.
    async fn is_for_fees(&self) -> bool {
        self.0.said.is_for_fees
    }

    /// Where the period begins for which it was made.
    async fn period_start(&self) -> DateTime {
        DateTime(self.0.said.period_start)
    }

    /// Where it ends.
    async fn period_end(&self) -> DateTime {
        DateTime(self.0.said.period_end)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.said.created_at)
    }
}

/// The invoice with this id, for who may see them.
pub async fn invoice_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<Invoice>> {
    Ok(scope.load_for(READ_BILLING, InvoiceById(id)).await?.map(Invoice))
}

#[derive(Default)]
pub struct InvoiceQuery;

#[guarded]
#[Object]
impl InvoiceQuery {
    /// What the shop was billed for its plan and for fees of its orders, in the order in which the invoices were made.
    #[requires(read_billing)]
    async fn invoices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round: the latest first.", default_with = "Some(false)")] reverse: Option<
            bool,
        >,
    ) -> Result<InvoiceConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        // On the heap: a request's stack holds the futures of all root fields at once.
        Box::pin(listed(ctx.scope(), page)).await
    }
}

async fn listed(scope: &Scope, page: PageQuery) -> Result<InvoiceConnection> {
    let rows = scope.read(async |conn| store::page(conn, &page).await).await?;
    let page = Page::from_rows(&page, rows, |invoice| Cursor::by_id(invoice.id));
    Ok(InvoiceConnection(page.map(|invoice| Invoice(Arc::new(invoice)))))
}
