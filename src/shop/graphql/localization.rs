//! `Localization`: for which country and language an operation's answers are meant.
//!
//! `@inContext` decides; without it, the shop's own. A shop has one market, one language and one currency so far, so
//! a context changes what is said here and nothing else.

use async_graphql::{Context, Description, Enum, ID, Object, Result, SimpleObject};

use super::the_shop;
use crate::country::Country as CountryCode;
use crate::graphql::directives::InContext;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::scope::ScopeExt;
use crate::language::Language as LanguageCode;
use crate::money::Currency as CurrencyCode;
use crate::shipping;

/// The language in which shops write, as none says otherwise yet.
const SHOP_LANGUAGE: LanguageCode = LanguageCode::EN;

/// For which country and language the answers are meant.
#[derive(Clone, Copy, Debug, Description)]
pub struct Localization;

#[Object(use_type_description)]
impl Localization {
    /// The country of the answers: the one the operation asks for, or the shop's own.
    async fn country(&self, ctx: &Context<'_>) -> Result<Country> {
        match InContext::of(ctx)?.country {
            Some(country) if country != CountryCode::ZZ => Ok(Country(country)),
            _ => Ok(Country(the_shop(ctx.scope()).await?.country)),
        }
    }

    /// The language of the answers: the one the operation asks for, or the shop's own.
    async fn language(&self, ctx: &Context<'_>) -> Result<Language> {
        Ok(Language::of(InContext::of(ctx)?.language.unwrap_or(SHOP_LANGUAGE)))
    }

    /// The countries the shop sells to: those it delivers to, and its own.
    async fn available_countries(&self, ctx: &Context<'_>) -> Result<Vec<Country>> {
        let scope = ctx.scope();
        let mut countries = scope.read(async |conn| shipping::service::countries(conn).await).await?;
        countries.push(the_shop(scope).await?.country);
        countries.sort_unstable_by_key(|country| country.name());
        countries.dedup();
        Ok(countries.into_iter().map(Country).collect())
    }

    /// The languages the shop writes in.
    async fn available_languages(&self) -> Vec<Language> {
        vec![Language::of(SHOP_LANGUAGE)]
    }

    /// The market of the answers: a shop has one.
    #[graphql(deprecation = "A shop has one market.")]
    async fn market(&self) -> Market {
        Market
    }
}

/// A country a shop sells to.
#[derive(Clone, Copy, Debug, Description)]
pub struct Country(CountryCode);

#[Object(use_type_description)]
impl Country {
    /// The country's code.
    async fn iso_code(&self) -> CountryCode {
        self.0
    }

    /// The country's English name.
    async fn name(&self) -> &str {
        self.0.name()
    }

    /// The currency of prices for this country: the shop's.
    async fn currency(&self, ctx: &Context<'_>) -> Currency {
        Currency::of(ctx.scope().currency)
    }

    /// How people there measure.
    async fn unit_system(&self) -> UnitSystem {
        match self.0 {
            CountryCode::US | CountryCode::LR | CountryCode::MM => UnitSystem::ImperialSystem,
            _ => UnitSystem::MetricSystem,
        }
    }

    /// The languages the shop writes in for this country.
    async fn available_languages(&self) -> Vec<Language> {
        vec![Language::of(SHOP_LANGUAGE)]
    }

    /// The language the shop writes in for this country unless asked otherwise.
    async fn default_language(&self) -> Language {
        Language::of(SHOP_LANGUAGE)
    }

    /// The market the country belongs to: a shop has one.
    #[graphql(deprecation = "A shop has one market.")]
    async fn market(&self) -> Option<Market> {
        Some(Market)
    }
}

/// A language.
#[derive(Clone, Debug, SimpleObject)]
pub struct Language {
    /// What its speakers call it.
    endonym_name: &'static str,
    /// The language's code.
    iso_code: LanguageCode,
    /// The language's English name.
    name: &'static str,
}

impl Language {
    fn of(code: LanguageCode) -> Self {
        Self { endonym_name: code.endonym(), iso_code: code, name: code.name() }
    }
}

/// A currency.
#[derive(Clone, Debug, SimpleObject)]
pub struct Currency {
    /// The currency's code.
    iso_code: CurrencyCode,
    /// The currency's English name.
    name: &'static str,
    /// The sign before an amount; the code, where there is no common one.
    symbol: &'static str,
}

impl Currency {
    fn of(code: CurrencyCode) -> Self {
        Self { iso_code: code, name: code.name(), symbol: code.symbol() }
    }
}

/// How people measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UnitSystem {
    /// Pounds and inches.
    ImperialSystem,
    /// Kilograms and metres.
    MetricSystem,
}

/// The part of the world that a shop sells to: it has one.
#[derive(Clone, Copy, Debug, Description)]
pub struct Market;

#[Object(use_type_description)]
impl Market {
    /// The market's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Market", ctx.scope().tenant().0)
    }

    /// The market's name in addresses.
    async fn handle(&self) -> &str {
        "primary"
    }

    /// A named value that the merchant has added.
    pub(crate) async fn metafield(
        &self,
        #[graphql(desc = "The group of keys.")] namespace: Option<String>,
        #[graphql(desc = "The name within the namespace.")] key: String,
    ) -> Option<Metafield> {
        let _ = (namespace, key);
        None
    }

    /// Several named values, in the order asked for.
    pub(crate) async fn metafields(
        &self,
        #[graphql(desc = "Which ones.", validator(max_items = 250))] identifiers: Vec<HasMetafieldsIdentifier>,
    ) -> Vec<Option<Metafield>> {
        none_of(&identifiers)
    }
}
