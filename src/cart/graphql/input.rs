//! What cart mutations take, and how it becomes the model's.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined};

use super::delivery::PreferenceDeliveryMethodType;
use crate::address::Address;
use crate::attribute::Attribute;
use crate::cart::addresses::{AddressUpdate, NewAddress, Source};
use crate::cart::details::BuyerUpdate;
use crate::cart::lines::{Extras, LineUpdate, NewLine};
use crate::cart::service::{Choice, NewCart};
use crate::country::Country;
use crate::customer::secret::Secret;
use crate::ids::Gid;

/// A key with a value, in the buyer's or the storefront's own words.
#[derive(Clone, Debug, InputObject)]
pub struct AttributeInput {
    /// What the value is about.
    pub key: String,
    /// The value.
    pub value: String,
}

pub fn attributes(pairs: Vec<AttributeInput>) -> Vec<Attribute> {
    pairs.into_iter().map(|pair| Attribute { key: pair.key, value: Some(pair.value) }).collect()
}

/// A cart that is to be made. Everything can be left out.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CartInput {
    /// The buyer's or the storefront's remarks.
    attributes: Option<Vec<AttributeInput>>,
    /// Who buys.
    buyer_identity: Option<CartBuyerIdentityInput>,
    /// Where it goes.
    delivery: Option<CartDeliveryInput>,
    /// Discount codes; kept, though none applies yet.
    discount_codes: Option<Vec<String>>,
    /// Gift cards' codes; there are no gift cards yet.
    gift_card_codes: Option<Vec<String>>,
    /// What is in it, at most 250 lines at once.
    lines: Option<Vec<CartLineInput>>,
    /// Metafields; carts do not keep any yet.
    metafields: Option<Vec<CartInputMetafieldInput>>,
    /// What the buyer wants to tell the merchant.
    note: Option<String>,
}

impl CartInput {
    /// `country`: the buyer's, when the input says nothing of it.
    pub fn into_model(self, country: Option<Country>) -> NewCart {
        let mut buyer = self.buyer_identity.map(CartBuyerIdentityInput::into_model).unwrap_or_default();
        buyer.country = buyer.country.or(country.map(Some));
        let addresses = self.delivery.and_then(|delivery| delivery.addresses).unwrap_or_default();
        NewCart {
            note: self.note,
            attributes: attributes(self.attributes.unwrap_or_default()),
            lines: self.lines.unwrap_or_default().into_iter().map(CartLineInput::into_model).collect(),
            buyer,
            addresses: addresses.into_iter().map(CartSelectableAddressInput::into_model).collect(),
            discount_codes: self.discount_codes.unwrap_or_default(),
            gift_cards: self.gift_card_codes.unwrap_or_default(),
            metafields: self.metafields.is_some_and(|metafields| !metafields.is_empty()),
        }
    }
}

/// A metafield of a new cart.
#[derive(Clone, Debug, InputObject)]
pub struct CartInputMetafieldInput {
    /// Its name.
    key: String,
    /// How to read the value.
    #[graphql(name = "type")]
    type_name: String,
    /// The value as text.
    value: String,
}

/// Where a new cart goes.
#[derive(Clone, Debug, InputObject)]
pub struct CartDeliveryInput {
    /// The addresses to choose from.
    addresses: Option<Vec<CartSelectableAddressInput>>,
}

/// A line that is to be added.
#[derive(Clone, Debug, InputObject)]
pub struct CartLineInput {
    /// The buyer's remarks: lines of one variant with other remarks are other lines.
    attributes: Option<Vec<AttributeInput>>,
    /// The variant's global id.
    merchandise_id: ID,
    /// The line it belongs to; lines are on their own.
    parent: Option<CartLineParentInput>,
    /// How many.
    #[graphql(default_with = "Some(1)")]
    quantity: Option<i32>,
    /// The selling plan; there are none yet.
    selling_plan_id: Option<ID>,
}

impl CartLineInput {
    pub fn into_model(self) -> NewLine {
        NewLine {
            variant_id: Gid::of(&self.merchandise_id, "ProductVariant"),
            quantity: self.quantity.unwrap_or(1),
            attributes: attributes(self.attributes.unwrap_or_default()),
            extras: Extras { selling_plan: self.selling_plan_id.is_some(), parent: self.parent.is_some() },
        }
    }
}

/// The line to which another is to belong.
#[derive(Clone, Debug, InputObject)]
pub struct CartLineParentInput {
    /// The line's global id.
    line_id: Option<ID>,
    /// The global id of the line's variant.
    merchandise_id: Option<ID>,
}

/// A change of a line; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct CartLineUpdateInput {
    /// The buyer's remarks.
    attributes: Option<Vec<AttributeInput>>,
    /// The line's global id.
    id: ID,
    /// The variant's global id.
    merchandise_id: Option<ID>,
    /// How many; 0 removes the line.
    quantity: Option<i32>,
    /// The selling plan; there are none yet.
    selling_plan_id: Option<ID>,
}

impl CartLineUpdateInput {
    pub fn into_model(self) -> LineUpdate {
        LineUpdate {
            id: Gid::of(&self.id, "CartLine"),
            variant_id: self.merchandise_id.map(|id| Gid::of(&id, "ProductVariant")),
            quantity: self.quantity,
            attributes: self.attributes.map(attributes),
            extras: Extras { selling_plan: self.selling_plan_id.is_some(), parent: false },
        }
    }
}

/// Who buys. What is left out stays, null clears.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CartBuyerIdentityInput {
    /// The company's location; there are no companies yet.
    company_location_id: Option<ID>,
    /// The buyer's country.
    country_code: MaybeUndefined<Country>,
    /// The customer's access token: the cart is theirs from then on, and takes nobody else's. Left out or null, it stays
    /// whose it is.
    customer_access_token: Option<String>,
    /// The buyer's email address.
    email: MaybeUndefined<String>,
    /// The buyer's phone number.
    phone: MaybeUndefined<String>,
    /// How the buyer would like to get things; accepted, not kept yet.
    preferences: Option<CartPreferencesInput>,
}

impl CartBuyerIdentityInput {
    pub fn into_model(self) -> BuyerUpdate {
        BuyerUpdate {
            email: self.email.into(),
            phone: self.phone.into(),
            country: self.country_code.into(),
            customer: self.customer_access_token.map(Secret::given),
            company: self.company_location_id.is_some(),
        }
    }
}

/// How the buyer would like to get things.
#[derive(Clone, Debug, InputObject)]
pub struct CartPreferencesInput {
    /// About the delivery.
    delivery: Option<CartDeliveryPreferenceInput>,
    /// Which wallets to offer.
    wallet: Option<Vec<String>>,
}

/// How the buyer would like things delivered.
#[derive(Clone, Debug, InputObject)]
pub struct CartDeliveryPreferenceInput {
    /// Around which point.
    coordinates: Option<CartDeliveryCoordinatesPreferenceInput>,
    /// In which ways.
    delivery_method: Option<Vec<PreferenceDeliveryMethodType>>,
    /// To which points to pick up from.
    pickup_handle: Option<Vec<String>>,
}

/// A point on the map.
#[derive(Clone, Debug, InputObject)]
pub struct CartDeliveryCoordinatesPreferenceInput {
    /// The country.
    country_code: Country,
    /// Degrees north.
    latitude: f64,
    /// Degrees east.
    longitude: f64,
}

/// How much of an address is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DeliveryAddressValidationStrategy {
    /// The country alone.
    CountryCodeOnly,
    /// Also whether last name, street and city are there.
    Strict,
}

fn country_code_only() -> Option<DeliveryAddressValidationStrategy> {
    Some(DeliveryAddressValidationStrategy::CountryCodeOnly)
}

fn is_strict(strategy: Option<DeliveryAddressValidationStrategy>) -> bool {
    strategy == Some(DeliveryAddressValidationStrategy::Strict)
}

/// An address that is to be added.
#[derive(Clone, Debug, InputObject)]
pub struct CartSelectableAddressInput {
    /// The address.
    address: CartAddressInput,
    /// Whether it is not to be kept in the buyer's address book.
    one_time_use: Option<bool>,
    /// Whether the cart goes there; left out, it does when no other address is selected.
    selected: Option<bool>,
    /// How much of the address is looked at.
    #[graphql(default_with = "country_code_only()")]
    validation_strategy: Option<DeliveryAddressValidationStrategy>,
}

impl CartSelectableAddressInput {
    pub fn into_model(self) -> NewAddress {
        NewAddress {
            source: self.address.into_model(),
            selected: self.selected,
            one_time_use: self.one_time_use.unwrap_or(false),
            strict: is_strict(self.validation_strategy),
        }
    }
}

/// A change of an address; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct CartSelectableAddressUpdateInput {
    /// The address, whole.
    address: Option<CartAddressInput>,
    /// The address's global id.
    id: ID,
    /// Whether it is not to be kept in the buyer's address book.
    one_time_use: Option<bool>,
    /// Whether the cart goes there.
    selected: Option<bool>,
    /// How much of the address is looked at.
    #[graphql(default_with = "country_code_only()")]
    validation_strategy: Option<DeliveryAddressValidationStrategy>,
}

impl CartSelectableAddressUpdateInput {
    pub fn into_model(self) -> AddressUpdate {
        AddressUpdate {
            id: Gid::of(&self.id, "CartSelectableAddress"),
            source: self.address.map(CartAddressInput::into_model),
            selected: self.selected,
            one_time_use: self.one_time_use,
            strict: is_strict(self.validation_strategy),
        }
    }
}

/// An address, from one of two places.
#[derive(Clone, Debug, InputObject)]
pub struct CartAddressInput {
    /// The global id of an address in the address book of the customer to whom the cart is tied.
    copy_from_customer_address_id: Option<ID>,
    /// The address itself.
    delivery_address: Option<CartDeliveryAddressInput>,
}

impl CartAddressInput {
    fn into_model(self) -> Source {
        match (self.delivery_address, self.copy_from_customer_address_id) {
            (_, Some(id)) => Source::Customer(Gid::of(&id, "MailingAddress")),
            (Some(address), None) => address.into_model(),
            (None, None) => Source::Nothing,
        }
    }
}

/// A postal address.
#[derive(Clone, Debug, InputObject)]
pub struct CartDeliveryAddressInput {
    /// The street and number, or the post box.
    address1: Option<String>,
    /// What more there is to find the place.
    address2: Option<String>,
    /// City, town or village.
    city: Option<String>,
    /// The recipient's company.
    company: Option<String>,
    /// The country; left out, the buyer's.
    country_code: Option<Country>,
    /// The recipient's first name.
    first_name: Option<String>,
    /// The recipient's last name.
    last_name: Option<String>,
    /// The recipient's phone number.
    phone: Option<String>,
    /// The code of the state, province or region.
    province_code: Option<String>,
    /// The postal code.
    zip: Option<String>,
}

impl CartDeliveryAddressInput {
    fn into_model(self) -> Source {
        let address = Address {
            first_name: self.first_name,
            last_name: self.last_name,
            company: self.company,
            address1: self.address1,
            address2: self.address2,
            city: self.city,
            zip: self.zip,
            province_code: self.province_code,
            country: self.country_code.unwrap_or(Country::ZZ),
            phone: self.phone,
        };
        Source::Given { address: Box::new(address), country: self.country_code }
    }
}

/// The choice of a delivery option.
#[derive(Clone, Debug, InputObject)]
pub struct CartSelectedDeliveryOptionInput {
    /// The delivery group's global id.
    delivery_group_id: ID,
    /// The option's handle.
    delivery_option_handle: String,
}

impl CartSelectedDeliveryOptionInput {
    pub fn into_model(self) -> Choice {
        let group_id = Gid::of(&self.delivery_group_id, "CartDeliveryGroup");
        Choice { group_id, handle: self.delivery_option_handle }
    }
}

/// A metafield that a cart is to have.
#[derive(Clone, Debug, InputObject)]
pub struct CartMetafieldsSetInput {
    /// Its name.
    key: String,
    /// The cart's global id.
    pub owner_id: ID,
    /// How to read the value.
    #[graphql(name = "type")]
    type_name: String,
    /// The value as text.
    value: String,
}

/// A metafield that a cart is to lose.
#[derive(Clone, Debug, InputObject)]
pub struct CartMetafieldDeleteInput {
    /// Its name.
    key: String,
    /// The cart's global id.
    pub owner_id: ID,
}
