//! `PaymentSettings`.

use async_graphql::{Context, Description, Enum, Object};

use crate::country::Country;
use crate::graphql::scalars::Url;
use crate::graphql::scope::ScopeExt;
use crate::money::Currency;
use crate::shop::model::SharedShop;

/// How a shop takes money.
#[derive(Clone, Debug, Description)]
pub struct PaymentSettings(pub SharedShop);

#[Object(use_type_description)]
impl PaymentSettings {
    /// The currency of all its amounts.
    async fn currency_code(&self, ctx: &Context<'_>) -> Currency {
        ctx.scope().currency
    }

    /// The country the shop is in.
    async fn country_code(&self) -> Country {
        self.0.country
    }

    /// The currencies that amounts can be shown in: the shop's own.
    async fn enabled_presentment_currencies(&self, ctx: &Context<'_>) -> Vec<Currency> {
        vec![ctx.scope().currency]
    }

    /// The cards it takes. No gateway takes cards yet.
    async fn accepted_card_brands(&self) -> Vec<CardBrand> {
        Vec::new()
    }

    /// Where card numbers would be kept. Nothing is kept yet; this is the API's own address.
    async fn card_vault_url(&self, ctx: &Context<'_>) -> Url {
        Url(ctx.scope().app.config.http.public_url.clone())
    }

    /// The wallets it takes. None yet.
    async fn supported_digital_wallets(&self) -> Vec<DigitalWallet> {
        Vec::new()
    }

    /// The account of another platform's payment service: none.
    async fn shopify_payments_account_id(&self) -> Option<String> {
        None
    }
}

/// A brand of payment cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CardBrand {
    /// American Express.
    AmericanExpress,
    /// Diners Club.
    DinersClub,
    /// Discover.
    Discover,
    /// JCB.
    Jcb,
    /// Mastercard.
    Mastercard,
    /// Visa.
    Visa,
}

/// A wallet on the shopper's device.
#[expect(clippy::enum_variant_names, reason = "the vocabulary's names")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DigitalWallet {
    /// Android Pay.
    AndroidPay,
    /// Apple Pay.
    ApplePay,
    /// Google Pay.
    GooglePay,
    /// Shop Pay.
    ShopifyPay,
}
