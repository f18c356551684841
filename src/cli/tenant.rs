//! `emporia tenant …` and `emporia key …`.

use anyhow::{Context, anyhow, bail};
use chrono::TimeDelta;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use super::{operator, out, say};
use crate::access::{Permission, Permissions};
use crate::api_key::model::{KeyKind, NewKey};
use crate::api_key::rule::ApiKeyRule;
use crate::api_key::service::{key_create, key_list, key_revoke};
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
    /// Your own id for it: said again with the same one, the store that is there is answered, without keys.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a further key and show it, this once.
    Create {
        /// The tenant's id or handle.
        tenant: String,
        #[arg(long, value_enum)]
        kind: Kind,
        /// What it is for.
        #[arg(long, default_value = "Key")]
        name: String,
        /// What a secret key may do, like read_orders; repeat it for several. Without any, everything.
        #[arg(long, value_name = "PERMISSION", value_parser = permission)]
        scope: Vec<Permission>,
        /// In how many days it ends; without it, never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
        expires_in: Option<u16>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// A tenant's keys: never in clear.
    List {
        /// The tenant's id or handle.
        tenant: String,
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Refuse a key everywhere from now on.
    Revoke {
        /// The key's id, from `key list`.
        id: Uuid,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Kind {
    /// For storefronts.
    Publishable,
    /// For the merchant's servers.
    Secret,
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

pub async fn key(command: KeyCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    match command {
        KeyCommand::Create { tenant, kind, name, scope, expires_in, json } => {
            let tenant = find(&app, &tenant).await?;
            let new = NewKey {
                kind: match kind {
                    Kind::Publishable => KeyKind::Publishable,
                    Kind::Secret => KeyKind::Secret,
                },
                name,
                permissions: (!scope.is_empty()).then(|| Permissions::of(&scope)),
                expires_at: expires_in.map(|days| app.clock.now() + TimeDelta::days(days.into())),
            };
            let made = key_create(&app.db, &*app.clock, &app.entropy, tenant, &new).await;
            let (info, key) = made.map_err(plain_key)?;
            match json {
                true => out(&json!({ "id": info.id, "key": key.reveal() }).to_string()),
                false => out(key.reveal()),
            }
        }
        KeyCommand::List { tenant, json } => {
            let keys = key_list(&app.db, find(&app, &tenant).await?).await?;
            if json {
                return out(&serde_json::to_string(&keys)?);
            }
            keys.iter().try_for_each(|key| {
                let state = match key.revoked_at {
                    Some(_) => "revoked",
                    None if key.is_over(app.clock.now()) => "expired",
                    None => "live",
                };
                out(&format!("{}  {:<11}  …{}  {state:<7}  {}", key.id, key.kind.as_db(), key.last_four, key.name))
            })
        }
        KeyCommand::Revoke { id, json } => {
            if !key_revoke(&app.db, &*app.clock, &app.resolver, id).await? {
                bail!("there is no key {id}");
            }
            if json {
                return out(&json!({ "id": id, "revoked": true }).to_string());
            }
            say(format_args!("{id} is revoked"));
            Ok(())
        }
    }
}

/// The tenant that a command names by its id or handle.
pub(crate) async fn find(app: &App, id_or_handle: &str) -> anyhow::Result<TenantId> {
    tenant_find(&app.db, id_or_handle).await.map_err(plain).with_context(|| format!("\"{id_or_handle}\""))
}

fn permission(name: &str) -> Result<Permission, String> {
    Permission::parse(name).ok_or_else(|| {
        let all = Permission::ALL.iter().map(ToString::to_string).collect::<Vec<_>>();
        format!("expected one of {}", all.join(", "))
    })
}

fn plain_key(error: ServiceError<ApiKeyRule>) -> anyhow::Error {
    match error {
        ServiceError::Rule(rule) => rule.into(),
        ServiceError::Fault(fault) => fault.into(),
    }
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
