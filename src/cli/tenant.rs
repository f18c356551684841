//! `emporia tenant …`.

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{operator, out, say};
use crate::app::App;
use crate::country::Country;
use crate::error::ServiceError;
use crate::identity::model::NewStaff;
use crate::identity::service::password_token_show;
use crate::ids::TenantId;
use crate::money::Currency;
use crate::provision::{Founded, NewStore, OWNER, StoreRule, flat_delivery, handle_from, store_create};
use crate::shop::model::checkout_url_template;
use crate::shop::service::checkout_url_set;
use crate::tenant::model::origin;
use crate::tenant::service::{
    TenantRule, tenant_by_id, tenant_delete, tenant_find, tenant_list, tenant_set_origins, tenant_set_suspended,
};

#[derive(Subcommand)]
pub enum TenantCommand {
    /// Make a store that can sell at once, and show its two keys.
    Create(CreateArgs),
    /// All tenants, oldest first.
    List {
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Say from which web pages a tenant's keys may be used, and where its carts are checked out.
    Update(UpdateArgs),
    /// Refuse every request of a tenant from now on.
    Suspend(StandingArgs),
    /// Take a suspension back.
    Resume(StandingArgs),
    /// Refuse every request of a tenant for good. Its rows stay, and its handle stays taken.
    Delete(StandingArgs),
}

#[derive(Args)]
pub struct StandingArgs {
    /// Its id or handle.
    tenant: String,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct UpdateArgs {
    /// Its id or handle.
    tenant: String,
    /// An origin like https://shop.example; repeat it for several. They replace those said before.
    #[arg(
        long,
        value_name = "ORIGIN",
        value_parser = origin,
        required_unless_present_any = ["allow_any_origin", "checkout_url"]
    )]
    allow_origin: Vec<String>,
    /// Publishable keys from any page, secret keys from none: as at the beginning.
    #[arg(long, conflicts_with = "allow_origin")]
    allow_any_origin: bool,
    /// Where a cart's checkoutUrl leads, like https://shop.example/pay/{cart_id}?key={key}; empty: to the built-in
    /// page, as at the beginning.
    #[arg(long, value_name = "TEMPLATE", value_parser = template)]
    checkout_url: Option<Template>,
}

/// A checkout's template, or none for the built-in page.
#[derive(Clone)]
struct Template(Option<String>);

fn template(text: &str) -> Result<Template, String> {
    checkout_url_template(text).map(Template)
}

#[derive(Args)]
pub struct CreateArgs {
    /// The shop's name, as shoppers see it.
    name: String,
    /// The currency of all its amounts, for ever: EUR, USD, JPY, …
    #[arg(long, value_parser = super::currency)]
    currency: Currency,
    /// Where it is and where its delivery profile ships to: DE, US, JP, …
    #[arg(long, value_parser = super::country)]
    country: Country,
    /// What delivery there costs, in its currency: 4.90, or 0 for free.
    #[arg(long, value_name = "AMOUNT")]
    shipping_rate: String,
    /// Its subdomain and short name; made from NAME unless given.
    #[arg(long)]
    handle: Option<String>,
    /// A web origin whose pages may use its keys, like https://shop.example; repeat it for several. Without any,
    /// publishable keys work from every page and secret keys from none.
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    allow_origin: Vec<String>,
    /// The e-mail address of its first owner, for whom a token to choose a password is shown.
    #[arg(long, value_name = "ADDRESS", requires = "owner_name")]
    owner_email: Option<String>,
    /// What the owner is called.
    #[arg(long, value_name = "NAME", requires = "owner_email")]
    owner_name: Option<String>,
    /// The handle of its plan: free, pro, …; the one that DEFAULT_PLAN says unless given.
    #[arg(long, value_name = "HANDLE")]
    plan: Option<String>,
    /// Your own id for it: said again with the same one, the store that is there is answered, without keys.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub async fn tenant(command: TenantCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    match command {
        TenantCommand::Create(args) => create(&app, args).await,
        TenantCommand::List { json } => list(&app, json).await,
        TenantCommand::Update(args) => update(&app, args).await,
        TenantCommand::Suspend(args) => set_suspended(&app, &args, true).await,
        TenantCommand::Resume(args) => set_suspended(&app, &args, false).await,
        TenantCommand::Delete(args) => delete(&app, &args).await,
    }
}

async fn create(app: &App, args: CreateArgs) -> anyhow::Result<()> {
    let handle = match args.handle {
        Some(handle) => handle,
        None => handle_from(&args.name).context("NAME has no letter a-z to make a handle from: say --handle")?,
    };
    let delivery = flat_delivery(args.country, &args.shipping_rate, args.currency)
        .map_err(|error| anyhow!("--shipping-rate {}: {error}", args.shipping_rate))?;
    let owner = args.owner_email.zip(args.owner_name);
    let new = NewStore {
        external_id: args.external_id,
        handle,
        name: args.name,
        description: String::new(),
        currency: args.currency,
        country: args.country,
        delivery: Some(delivery),
        plan: args.plan,
        owner: owner.map(|(email, name)| NewStaff { email, name, role: OWNER.to_owned() }),
    };
    let Founded { tenant, keys, owner } = store_create(app, &new).await.map_err(plain_store)?;
    if keys.is_some() && !args.allow_origin.is_empty() {
        set_origins(app, tenant, &args.allow_origin).await?;
    }
    let token = match &owner {
        Some(owner) => Some(password_token_show(app, &app.db.tenant(tenant), owner.id).await?),
        None => None,
    };
    let token = token.as_ref().map(|token| token.reveal());
    let (publishable, secret) = keys.as_ref().map(|keys| (keys.publishable.reveal(), keys.secret.reveal())).unzip();
    // What was made before may be called otherwise.
    let there = tenant_by_id(&app.db, tenant).await?.context("the tenant is not there")?;
    if args.json {
        let mut said = json!({
            "tenant_id": tenant,
            "handle": there.handle,
            "name": there.name,
            "currency": there.currency.code(),
            "country": new.country.code(),
            "publishable_key": publishable,
            "secret_key": secret,
        });
        if let Some(id) = &there.external_id {
            said["external_id"] = json!(id);
            said["created"] = json!(keys.is_some());
        }
        if let Some(owner) = &owner {
            said["owner"] = json!({ "staff_id": owner.id, "email": owner.email, "password_token": token });
        }
        return out(&said.to_string());
    }
    out(&format!("tenant           {tenant}\nhandle           {}", there.handle))?;
    if let Some((publishable, secret)) = publishable.zip(secret) {
        out(&format!("publishable key  {publishable}\nsecret key       {secret}"))?;
        say(format_args!("Keep the secret key: it is not shown again."));
    } else {
        say(format_args!("It was there: its keys are not shown again."));
    }
    if let Some((owner, token)) = owner.zip(token) {
        out(&format!("owner            {}\npassword token   {token}", owner.email))?;
        say(format_args!("For staffPasswordReset, once, within three days. It is not shown again."));
    }
    Ok(())
}

async fn delete(app: &App, args: &StandingArgs) -> anyhow::Result<()> {
    let id = find(app, &args.tenant).await?;
    tenant_delete(&app.db, &*app.clock, &app.resolver, id).await.map_err(plain)?;
    if args.json {
        return out(&json!({ "tenant_id": id, "status": "DELETED" }).to_string());
    }
    say(format_args!("{} is deleted", args.tenant));
    Ok(())
}

async fn update(app: &App, args: UpdateArgs) -> anyhow::Result<()> {
    let id = find(app, &args.tenant).await?;
    if let Some(Template(template)) = args.checkout_url
        && !checkout_url_set(&app.db.tenant(id), &*app.clock, template.as_deref()).await?
    {
        bail!("\"{}\" has no shop", args.tenant);
    }
    if args.allow_any_origin || !args.allow_origin.is_empty() {
        set_origins(app, id, &args.allow_origin).await?;
    }
    Ok(())
}

async fn list(app: &App, json: bool) -> anyhow::Result<()> {
    const PAGE: u16 = 250;
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = tenant_list(&app.db, after, PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        after = page.last().map(|tenant| tenant.id.0);
        all.extend(page);
        if is_last {
            break;
        }
    }
    if json {
        return out(&serde_json::to_string(&all)?);
    }
    all.iter().try_for_each(|t| out(&format!("{}  {:<9}  {:<24}  {}", t.id, t.status.as_db(), t.handle, t.name)))
}

async fn set_origins(app: &App, tenant: TenantId, origins: &[String]) -> anyhow::Result<()> {
    tenant_set_origins(&app.db, &*app.clock, &app.resolver, tenant, origins).await.map_err(plain)
}

async fn set_suspended(app: &App, args: &StandingArgs, suspended: bool) -> anyhow::Result<()> {
    let id = find(app, &args.tenant).await?;
    tenant_set_suspended(&app.db, &*app.clock, &app.resolver, id, suspended).await.map_err(plain)?;
    if args.json {
        return out(&json!({ "tenant_id": id, "status": if suspended { "SUSPENDED" } else { "ACTIVE" } }).to_string());
    }
    say(format_args!("{} is {}", args.tenant, if suspended { "suspended" } else { "active" }));
    Ok(())
}

/// The tenant that a command names by its id or handle.
pub(crate) async fn find(app: &App, id_or_handle: &str) -> anyhow::Result<TenantId> {
    tenant_find(&app.db, id_or_handle).await.map_err(plain).with_context(|| format!("\"{id_or_handle}\""))
}

fn plain_store(error: ServiceError<StoreRule>) -> anyhow::Error {
    match error {
        ServiceError::Rule(StoreRule::Tenant(rule)) => plain(ServiceError::Rule(rule)),
        ServiceError::Rule(rule) => rule.into(),
        ServiceError::Fault(fault) => fault.into(),
    }
}

/// A rule's own words, or the fault's.
fn plain(error: ServiceError<TenantRule>) -> anyhow::Error {
    match error {
        ServiceError::Rule(rule @ TenantRule::HandleTaken(_)) => anyhow!("{rule}: say --handle to choose another"),
        ServiceError::Rule(rule) => rule.into(),
        ServiceError::Fault(fault) => fault.into(),
    }
}
