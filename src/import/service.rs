//! Writes a file's products, batch by batch.

use std::collections::HashMap;
use std::io::{Read, Seek};

use uuid::Uuid;

use super::columns::{Columns, Field};
use super::product::{Parsed, Ready};
use super::report::{Rejection, Report};
use super::source::{Batch, Source, Unreadable};
use super::store;
use crate::access::Grants;
use crate::app::App;
use crate::catalog::model::{ProductDraft, Written};
use crate::catalog::service::{HANDLE_ATTEMPTS, Outcome, handle_raced, products_lock_in_tx, products_upsert_in_tx};
use crate::db::{QueryError, TenantTx};
use crate::error::{Fault, ServiceError};
use crate::ids::TenantId;
use crate::inventory::model::StockChange;
use crate::inventory::service::adjust_in_tx;
use crate::plan::model::Resource;
use crate::plan::service::hold_in_tx;
use crate::shop;

/// What the caller wants beyond the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Also set the stock of variants that are there already.
    pub set_stock: bool,
    /// Do everything and take it back: the report says what would be.
    pub dry_run: bool,
}

/// Why an import ended early. What was written before stays, and saying it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("there is no such tenant, or it has no shop")]
    NoShop,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<QueryError> for ImportError {
    fn from(error: QueryError) -> Self {
        Self::Fault(error.into())
    }
}

/// Whose doing the ledger says a change of stock was, and why.
const ACTOR: &str = "import";
const REASON: &str = "import";

/// Imports the products of a file. `progress` hears how many bytes of it are done.
pub async fn products<R: Read + Seek + Send + 'static>(
    app: &App,
    tenant: TenantId,
    reader: R,
    options: Options,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report, ImportError> {
    let standing = app.resolver.standing(tenant).await?.ok_or(ImportError::NoShop)?;
    let shop = app.db.tenant(tenant).read(async |conn| Ok::<_, ImportError>(shop::store::shop(conn).await?)).await?;
    let location_id = shop.ok_or(ImportError::NoShop)?.default_location_id;
    let writer = Writer { app, tenant, options, location_id };
    let mut report = Report { dry_run: options.dry_run, ..Report::default() };
    let currency = standing.currency;
    let mut source = blocking(move || Source::surveyed(reader, currency)).await??;
    let columns = source.columns().clone();
    loop {
        // Reading blocks its thread; one batch is read only when the one before has been written.
        let (next, back) = blocking(move || (source.next_batch(), source)).await?;
        source = back;
        let Some(batch) = next? else { return Ok(report) };
        let done = batch.bytes_read;
        writer.write(batch, &columns, &mut report).await?;
        progress(done);
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Fault::internal(format!("reading the file ended: {error}")))
}

struct Writer<'a> {
    app: &'a App,
    tenant: TenantId,
    options: Options,
    location_id: Uuid,
}

/// How a batch's transaction ends without committing.
enum Ended {
    Fault(Fault),
    /// On purpose: what would have been.
    DryRun(Vec<Outcome>, u64),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<QueryError> for Ended {
    fn from(error: QueryError) -> Self {
        Self::Fault(error.into())
    }
}

impl Writer<'_> {
    async fn write(&self, batch: Batch, columns: &Columns, report: &mut Report) -> Result<(), Fault> {
        report.rows += batch.rows;
        report.rejected_rows += batch.rejected_rows;
        batch.rejected.into_iter().for_each(|rejection| report.reject(rejection));
        let mut ready = Vec::with_capacity(batch.products.len());
        for parsed in batch.products {
            report.rejected_rows += parsed.rejected_rows;
            let Parsed { handle, line, rows, product, rejected, rejected_rows } = parsed;
            rejected.into_iter().for_each(|rejection| report.reject(rejection));
            if let Some(product) = product {
                ready.push(Wanted { handle, line, rows: rows - rejected_rows, product });
            }
        }
        if ready.is_empty() {
            return Ok(());
        }
        let mut attempts = 1;
        let (outcomes, stock_set) = loop {
            match self.write_once(&ready).await {
                // Another import makes the same products: then they are there.
                Err(fault) if handle_raced(&fault) && attempts < HANDLE_ATTEMPTS => attempts += 1,
                done => break done?,
            }
        };
        report.stock_set += stock_set;
        for (wanted, outcome) in ready.iter().zip(outcomes) {
            wanted.note(outcome, columns, report);
        }
        Ok(())
    }

    async fn write_once(&self, ready: &[Wanted]) -> Result<(Vec<Outcome>, u64), Fault> {
        let db = self.app.db.tenant(self.tenant);
        let written = db.write(async |tx| {
            let (outcomes, stock_set) = self.write_in_tx(tx, ready).await?;
            if self.options.dry_run { Err(Ended::DryRun(outcomes, stock_set)) } else { Ok((outcomes, stock_set)) }
        });
        match written.await {
            Ok((outcomes, stock_set)) | Err(Ended::DryRun(outcomes, stock_set)) => Ok((outcomes, stock_set)),
            Err(Ended::Fault(fault)) => Err(fault),
        }
    }

    async fn write_in_tx(&self, tx: &mut TenantTx<'_>, ready: &[Wanted]) -> Result<(Vec<Outcome>, u64), Fault> {
        if self.options.set_stock {
            // What products are counted under comes before the products and their stock.
            hold_in_tx(tx, Resource::Products, self.app.clock.now())?;
            let handles: Vec<String> = ready.iter().map(|wanted| wanted.handle.clone()).collect();
            products_lock_in_tx(tx, &handles).await?;
        }
        let drafts = ready.iter().map(|wanted| wanted.draft(self.location_id)).collect();
        let now = self.app.clock.now();
        let outcomes = products_upsert_in_tx(tx, now, &self.app.entropy, ACTOR, &Grants::Everything, drafts).await?;
        let stock_set = if self.options.set_stock { self.set_stock(tx, ready, &outcomes).await? } else { 0 };
        Ok((outcomes, stock_set))
    }

    /// Brings the stock of variants that were there before to what the file says; answers how many that changed.
    async fn set_stock(&self, tx: &mut TenantTx<'_>, ready: &[Wanted], outcomes: &[Outcome]) -> Result<u64, Fault> {
        let mut wanted: HashMap<Uuid, i32> = HashMap::new();
        for (product, outcome) in ready.iter().zip(outcomes) {
            let Ok(written) = outcome else { continue };
            for (variant, (id, is_new)) in product.product.variants.iter().zip(&written.variants) {
                if let (Some(quantity), false) = (variant.quantity, is_new) {
                    wanted.insert(*id, quantity);
                }
            }
        }
        // What the file has no tracker for may not be tracked here.
        let ids: Vec<Uuid> = wanted.keys().copied().collect();
        let tracked = store::tracked_among(tx, &ids).await?;
        wanted.retain(|id, _| tracked.contains(id));
        let ids: Vec<Uuid> = wanted.keys().copied().collect();
        let levels: HashMap<Uuid, i32> = store::levels_locked(tx, self.location_id, &ids).await?.into_iter().collect();
        let changes: Vec<StockChange> = wanted
            .into_iter()
            .map(|(variant_id, quantity)| {
                let delta = quantity - levels.get(&variant_id).copied().unwrap_or_default();
                StockChange { variant_id, location_id: self.location_id, delta }
            })
            .filter(|change| change.delta != 0)
            .collect();
        let now = self.app.clock.now();
        match adjust_in_tx(tx, now, &self.app.entropy, ACTOR, REASON, None, &changes).await {
            Ok(()) => Ok(changes.len() as u64),
            Err(ServiceError::Rule(rule)) => Err(Fault::internal(format!("the stock cannot be set: {rule}"))),
            Err(ServiceError::Fault(fault)) => Err(fault),
        }
    }
}

/// A product on its way into the catalogue.
struct Wanted {
    handle: String,
    line: u64,
    /// Its rows that were not rejected.
    rows: u64,
    product: Ready,
}

impl Wanted {
    /// The draft with the stock that new variants start with.
    fn draft(&self, location_id: Uuid) -> ProductDraft {
        let mut draft = self.product.draft.clone();
        for (draft, variant) in draft.variants.iter_mut().flatten().zip(&self.product.variants) {
            draft.quantities = variant.quantity.map(|quantity| (location_id, quantity)).into_iter().collect();
        }
        draft
    }

    fn note(&self, outcome: Outcome, columns: &Columns, report: &mut Report) {
        let violations = match outcome {
            Ok(written) => {
                report.variants += written.variants.len() as u64;
                let count = match written.written {
                    Written::Created => &mut report.products.created,
                    Written::Updated => &mut report.products.updated,
                    Written::Unchanged => &mut report.products.unchanged,
                };
                *count += 1;
                return;
            }
            Err(violations) => violations,
        };
        report.rejected_rows += self.rows;
        for violation in violations {
            let (line, column) = self.place(&violation.field, columns);
            let reason = format!("{}; all rows of the product are left out", violation.message);
            report.reject(Rejection::new(line, column, Some(self.handle.clone()), reason));
        }
    }

    /// Line and column of the part of the draft that the catalogue refused.
    fn place(&self, field: &[String], columns: &Columns) -> (u64, Option<String>) {
        let mut line = self.line;
        if let [list, at, ..] = field
            && list == "variants"
            && let Some(variant) = at.parse().ok().and_then(|at: usize| self.product.variants.get(at))
        {
            line = variant.line;
        }
        let column = field.iter().rev().find_map(|part| columns.name(column_of(part)?));
        (line, column.map(str::to_owned))
    }
}

/// The field of the file that a field of the draft comes from.
fn column_of(part: &str) -> Option<Field> {
    Some(match part {
        "handle" => Field::Handle,
        "title" => Field::Title,
        "descriptionHtml" => Field::Body,
        "vendor" => Field::Vendor,
        "productType" => Field::ProductType,
        "tags" => Field::Tags,
        "status" => Field::Status,
        "sku" => Field::Sku,
        "barcode" => Field::Barcode,
        "price" => Field::Price,
        "compareAtPrice" => Field::CompareAt,
        "cost" => Field::Cost,
        "weight" => Field::Grams,
        "quantity" => Field::Quantity,
        "optionValues" => Field::OptionValue(0),
        "files" => Field::ImageSrc,
        "file" => Field::VariantImage,
        _ => return None,
    })
}
