//! The books in the schema: for who may see what the shop pays.

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::loaders::PostingById;
use super::model::{Account, Fees, Kind, Unit, Written};
use super::{service, store};
use crate::access::permission::READ_BILLING;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::error::ApiError;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::money::graphql::MoneyV2;
use crate::money::{Currency, Money};
use crate::order::graphql::{Order, order_of_merchant};
use crate::page::SortKey;
use crate::plan::model::Month;

/// By what the postings are listed.
const OCCURRED: SortKey = SortKey::moment("occurred_at");

/// A line of the books: an amount that goes from one account to another, for an order or a month. It stays as it is; what
/// is wrong is put right by a further one.
#[derive(Clone, Copy, Debug, Description)]
pub struct LedgerPosting(Written);

connection!(LedgerPostingConnection, LedgerPostingEdge, LedgerPosting);

#[Object(use_type_description)]
impl LedgerPosting {
    /// The posting's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("LedgerPosting", self.0.id)
    }

    /// What it is for.
    async fn kind(&self) -> Kind {
        self.0.posting.kind
    }

    /// Whether it corrects what was posted for this order and this purpose before.
    async fn is_correction(&self) -> bool {
        self.0.posting.order_id.is_some() && self.0.posting.number > 0
    }

    /// Where the amount goes.
    async fn debit_account(&self) -> Account {
        self.0.posting.debit
    }

    /// Where it comes from.
    async fn credit_account(&self) -> Account {
        self.0.posting.credit
    }

    /// How much; null where orders are counted.
    async fn amount(&self) -> Option<MoneyV2> {
        match self.0.posting.unit {
            Unit::Money(currency) => Some(MoneyV2(Money::new(self.0.posting.amount, currency))),
            Unit::Order => None,
        }
    }

    /// How many orders; null where it is money.
    async fn orders(&self) -> Option<i32> {
        let posting = &self.0.posting;
        (posting.unit == Unit::Order).then(|| i32::try_from(posting.amount).unwrap_or(i32::MAX))
    }

    /// The order that it is for; null where it is for a month. With `read_orders`: null to everyone else.
    async fn order(&self, ctx: &Context<'_>) -> Result<Option<Order>> {
        match self.0.posting.order_id {
            Some(id) => order_of_merchant(ctx.scope(), id).await,
            None => Ok(None),
        }
    }

    /// The calendar month of UTC, like `2026-06`, until whose end fees are put on an invoice; null where it is for an order.
    async fn period(&self) -> Option<String> {
        self.0.posting.period.map(|month| month.to_string())
    }

    /// When that happened: to which month it belongs.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.posting.occurred_at)
    }

    /// When it was written into the books.
    async fn posted_at(&self) -> DateTime {
        DateTime(self.0.posted_at)
    }
}

/// What the platform takes of a month's orders, in one currency.
#[derive(Clone, Debug, SimpleObject)]
pub struct PlatformFees {
    /// The currency of its amounts: the orders'.
    currency_code: Currency,
    /// For orders that were placed in the month.
    charged: MoneyV2,
    /// Given back for orders that were cancelled in the month, whenever they were placed.
    reversed: MoneyV2,
    /// What is left of it; less than nothing when more is given back.
    total: MoneyV2,
    /// What was put on an invoice after the month: what was left of it and of the months before, and was on none yet.
    invoiced: MoneyV2,
}

impl From<Fees> for PlatformFees {
    fn from(fees: Fees) -> Self {
        let money = |minor| MoneyV2(Money::new(minor, fees.currency));
        let (charged, reversed) = (money(fees.charged), money(fees.reversed));
        let (total, invoiced) = (money(fees.total()), money(fees.invoiced));
        Self { currency_code: fees.currency, charged, reversed, total, invoiced }
    }
}

/// The fees of a month, by currency.
pub async fn fees_of(scope: &Scope, month: Month) -> Result<Vec<PlatformFees>> {
    let fees = scope.read(async |conn| service::fees(conn, month).await).await?;
    Ok(fees.into_iter().map(PlatformFees::from).collect())
}

/// The posting with this id, for who may see what the shop pays.
pub async fn posting_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<LedgerPosting>> {
    Ok(scope.load_for(READ_BILLING, PostingById(id)).await?.map(LedgerPosting))
}

#[derive(Default)]
pub struct LedgerQuery;

#[guarded]
#[Object]
impl LedgerQuery {
    /// What the shop has used and owes, order by order, and what of that was invoiced, by when it happened. What was just
    /// ordered is there once its event is published: within a second, as a rule.
    #[requires(read_billing)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn ledger_postings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what happened in this calendar month of UTC, like `2026-06`.")] period: Option<String>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round: the latest first.", default_with = "Some(false)")] reverse: Option<
            bool,
        >,
    ) -> Result<LedgerPostingConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check_by(OCCURRED)?;
        let month =
            |text: String| Month::parse(&text).ok_or_else(|| ApiError::bad_input("`period` is a month like 2026-06"));
        let period = period.map(month).transpose()?.map(|month| (month.start(), month.end()));
        let rows = ctx.scope().read(async |conn| store::page(conn, period, &page).await).await?;
        let cursor =
            |row: &Written| Cursor::new(OCCURRED, row.posting.occurred_at.timestamp_micros().to_string(), row.id);
        Ok(LedgerPostingConnection(Page::from_rows(&page, rows, cursor).map(LedgerPosting)))
    }
}
