//! `MailingAddress` in the schema.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object};
use uuid::Uuid;

use super::Address;
use crate::connection;
use crate::country::Country;
use crate::graphql::scope::ScopeExt;

/// A postal address.
#[derive(Clone, Debug, Description)]
pub struct MailingAddress {
    /// What the address belongs to names it: an address has no life of its own.
    pub id: Uuid,
    pub address: Arc<Address>,
}

connection!(MailingAddressConnection, MailingAddressEdge, MailingAddress);

#[Object(use_type_description)]
impl MailingAddress {
    /// The address's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("MailingAddress", self.id)
    }

    /// The recipient's first name.
    async fn first_name(&self) -> Option<&str> {
        self.address.first_name.as_deref()
    }

    /// The recipient's last name.
    async fn last_name(&self) -> Option<&str> {
        self.address.last_name.as_deref()
    }

    /// First and last name together.
    async fn name(&self) -> Option<String> {
        self.address.name()
    }

    /// The recipient's company.
    async fn company(&self) -> Option<&str> {
        self.address.company.as_deref()
    }

    /// The street and number, or the post box.
    async fn address1(&self) -> Option<&str> {
        self.address.address1.as_deref()
    }

    /// What more there is to find the place: flat, floor, suite.
    async fn address2(&self) -> Option<&str> {
        self.address.address2.as_deref()
    }

    /// City, town or village.
    async fn city(&self) -> Option<&str> {
        self.address.city.as_deref()
    }

    /// The postal code.
    async fn zip(&self) -> Option<&str> {
        self.address.zip.as_deref()
    }

    /// State, province or region, as it was given.
    async fn province(&self) -> Option<&str> {
        self.address.province_code.as_deref()
    }

    /// The code of the state, province or region.
    async fn province_code(&self) -> Option<&str> {
        self.address.province_code.as_deref()
    }

    /// The country's English name.
    async fn country(&self) -> Option<&str> {
        Some(self.address.country.name())
    }

    /// The country's code, as text.
    #[graphql(deprecation = "Use `countryCodeV2`.")]
    async fn country_code(&self) -> Option<&str> {
        Some(self.address.country.code())
    }

    /// The country.
    #[graphql(name = "countryCodeV2")]
    async fn country_code_v2(&self) -> Option<Country> {
        Some(self.address.country)
    }

    /// The recipient's phone number.
    async fn phone(&self) -> Option<&str> {
        self.address.phone.as_deref()
    }

    /// The address as the lines of a label.
    async fn formatted(
        &self,
        #[graphql(desc = "Whether the recipient's name is among the lines.", default_with = "Some(false)")]
        with_name: Option<bool>,
        #[graphql(desc = "Whether the company is among the lines.", default_with = "Some(true)")] with_company: Option<
            bool,
        >,
    ) -> Vec<String> {
        self.address.formatted(with_name.unwrap_or(false), with_company.unwrap_or(true))
    }

    /// City, province and country in one line.
    async fn formatted_area(&self) -> Option<String> {
        self.address.area()
    }

    /// Degrees north; not known yet.
    async fn latitude(&self) -> Option<f64> {
        None
    }

    /// Degrees east; not known yet.
    async fn longitude(&self) -> Option<f64> {
        None
    }
}
