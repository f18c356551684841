//! `Location` and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, Result, SimpleObject};
use uuid::Uuid;

use crate::access::permission::READ_LOCATIONS;
use crate::connection;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::shop::{model, store};

/// A place where stock lies.
#[derive(Clone, Debug, Description)]
pub struct Location(pub Arc<model::Location>);

connection!(LocationConnection, LocationEdge, Location);

/// The shop's locations that the caller may see, the default one first. Shoppers have no use for places where they cannot
/// pick anything up.
pub async fn locations(scope: &Scope) -> Result<Vec<Location>> {
    if !scope.grants().may_with_some(READ_LOCATIONS) {
        return Ok(Vec::new());
    }
    let rows = scope.read(async |conn| store::locations(conn).await).await?;
    let seen = rows.into_iter().filter(|location| scope.may_with(READ_LOCATIONS, location.id));
    Ok(seen.map(|location| Location(Arc::new(location))).collect())
}

/// The location with this id, if the caller may see it.
pub async fn location_by_id(scope: &Scope, id: Uuid) -> Result<Option<Location>> {
    Ok(locations(scope).await?.into_iter().find(|location| location.0.id == id))
}

#[Object(use_type_description)]
impl Location {
    /// The location's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Location", self.0.id)
    }

    /// The location's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it is.
    async fn address(&self) -> LocationAddress {
        let country = self.0.country;
        LocationAddress {
            country: Some(country.name().to_owned()),
            country_code: Some(country.code().to_owned()),
            formatted: vec![country.name().to_owned()],
            ..LocationAddress::default()
        }
    }

    /// Whether stock lies here unless someone says otherwise.
    async fn is_primary(&self) -> bool {
        self.0.is_default
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

/// Where a location is.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct LocationAddress {
    /// Street and number.
    address1: Option<String>,
    /// More of the street.
    address2: Option<String>,
    /// The city.
    city: Option<String>,
    /// The country's name.
    country: Option<String>,
    /// The country's code.
    country_code: Option<String>,
    /// The address in lines.
    formatted: Vec<String>,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    /// The telephone number.
    phone: Option<String>,
    /// The state or province.
    province: Option<String>,
    /// The code of the state or province.
    province_code: Option<String>,
    /// The postal code.
    zip: Option<String>,
}

/// What a list of locations is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum LocationSortKeys {
    /// By city.
    City,
    /// By how far they are.
    Distance,
    /// By id, which is by age.
    #[default]
    Id,
    /// By name.
    Name,
}

/// A place on earth.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct GeoCoordinateInput {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}
