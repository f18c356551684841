//! `Shop` and what describes it.

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject};

use super::payment::PaymentSettings;
use super::storefront;
use crate::absent_object;
use crate::catalog::graphql::MediaImage;
use crate::country::Country;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::scalars::Url;
use crate::graphql::scope::ScopeExt;
use crate::shipping;
use crate::shop::model::SharedShop;

/// What a shop says of itself.
#[derive(Clone, Debug, Description)]
pub struct Shop(pub SharedShop);

#[Object(use_type_description)]
impl Shop {
    /// The shop's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Shop", ctx.scope().tenant().0)
    }

    /// The shop's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is about.
    async fn description(&self) -> Option<&str> {
        (!self.0.description.is_empty()).then_some(self.0.description.as_str())
    }

    /// Where its storefront is: where the merchant says, or else at the first of the shop's own domains.
    async fn primary_domain(&self, ctx: &Context<'_>) -> Result<Domain> {
        Ok(Domain::of(storefront(ctx.scope()).await?))
    }

    /// How it takes money.
    async fn payment_settings(&self) -> PaymentSettings {
        PaymentSettings(self.0.clone())
    }

    /// How to write an amount: a template with `{{amount}}`.
    async fn money_format(&self, ctx: &Context<'_>) -> String {
        format!("{}{{{{amount}}}}", ctx.scope().currency.symbol())
    }

    /// The countries it ships to.
    async fn ships_to_countries(&self, ctx: &Context<'_>) -> Result<Vec<Country>> {
        Ok(ctx.scope().read(async |conn| shipping::service::countries(conn).await).await?)
    }

    /// What the shop looks like. Nothing is recorded yet.
    async fn brand(&self) -> Option<Brand> {
        None
    }

    /// How to reach the shop. None is recorded yet.
    async fn contact_information(&self) -> Option<ShopPolicy> {
        None
    }

    /// Words of the customer pages. None are recorded yet.
    async fn customer_account_translations(&self) -> Option<Vec<Translation>> {
        None
    }

    /// Where customers see their account. The storefront knows, so always null.
    async fn customer_account_url(&self) -> Option<String> {
        None
    }

    /// Who stands behind the shop. None is recorded yet.
    async fn legal_notice(&self) -> Option<ShopPolicy> {
        None
    }

    /// What happens with personal data. None is recorded yet.
    async fn privacy_policy(&self) -> Option<ShopPolicy> {
        None
    }

    /// What can be given back. None is recorded yet.
    async fn refund_policy(&self) -> Option<ShopPolicy> {
        None
    }

    /// How it ships. None is recorded yet.
    async fn shipping_policy(&self) -> Option<ShopPolicy> {
        None
    }

    /// What subscriptions mean. None is recorded yet.
    async fn subscription_policy(&self) -> Option<ShopPolicyWithDefault> {
        None
    }

    /// The terms of a sale. None are recorded yet.
    async fn terms_of_sale(&self) -> Option<ShopPolicy> {
        None
    }

    /// The terms of using the shop. None are recorded yet.
    async fn terms_of_service(&self) -> Option<ShopPolicy> {
        None
    }

    /// Through whom customers can sign in. Nobody yet.
    async fn social_login_providers(&self) -> Vec<SocialLoginProvider> {
        Vec::new()
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

/// Where a storefront is.
#[derive(Clone, Debug, SimpleObject)]
pub struct Domain {
    /// The host's name, with the port when it is not the usual one.
    host: String,
    /// Whether it is reached by HTTPS.
    ssl_enabled: bool,
    /// The whole address.
    url: Url,
}

impl Domain {
    fn of(url: String) -> Self {
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or(host).to_owned();
        Self { host, ssl_enabled: url.starts_with("https://"), url: Url(url) }
    }
}

absent_object! {
    /// What a shop looks like.
    Brand {
        /// Its colours.
        colors() -> BrandColors;
        /// A picture for the head of its pages.
        cover_image() -> Option<MediaImage>;
        /// Its logo.
        logo() -> Option<MediaImage>;
        /// Its logo, as high as wide.
        square_logo() -> Option<MediaImage>;
        /// A few words about it.
        short_description() -> Option<String>;
        /// Its motto.
        slogan() -> Option<String>;
    }
}

absent_object! {
    /// A shop's colours.
    BrandColors {
        /// The main ones.
        primary() -> Vec<BrandColorGroup>;
        /// The others.
        secondary() -> Vec<BrandColorGroup>;
    }
}

absent_object! {
    /// Two colours that go together.
    BrandColorGroup {
        /// The colour behind, like `#ffffff`.
        background() -> Option<String>;
        /// The colour before it.
        foreground() -> Option<String>;
    }
}

absent_object! {
    /// A text that binds the shop, like its terms of service.
    ShopPolicy {
        /// The policy's global id.
        id() -> ID;
        /// The readable part of its URL.
        handle() -> String;
        /// The policy's title.
        title() -> String;
        /// The text, with markup.
        body() -> String;
        /// Its address in the storefront.
        url() -> Url;
    }
}

absent_object! {
    /// A policy that has a text of its own or the usual one.
    ShopPolicyWithDefault {
        /// The policy's global id; null for the usual text.
        id() -> Option<ID>;
        /// The readable part of its URL.
        handle() -> String;
        /// The policy's title.
        title() -> String;
        /// The text, with markup.
        body() -> String;
        /// Its address in the storefront.
        url() -> Url;
    }
}

absent_object! {
    /// A word and what it is in another language.
    Translation {
        /// The word's name.
        key() -> String;
        /// The translation.
        value() -> String;
    }
}

absent_object! {
    /// Someone through whom customers sign in.
    SocialLoginProvider {
        /// Their name.
        handle() -> String;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_read_off_its_address() {
        let domain = Domain::of("http://127.0.0.1:8000/shop".to_owned());
        assert_eq!((domain.host.as_str(), domain.ssl_enabled), ("127.0.0.1:8000", false));
        assert!(Domain::of("https://shop.example".to_owned()).ssl_enabled);
    }
}
