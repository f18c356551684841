//! What the mutations of customers take.

use async_graphql::{ID, InputObject, MaybeUndefined};

use crate::customer::model::PersonChange;
use crate::customer::service::{AccountChange, AddressChange, EntryChange};

/// Who would like to have an account; or, with a secret key and without a password, a customer to be entered.
#[derive(InputObject)]
pub struct CustomerCreateInput {
    /// The e-mail address: it is confirmed by mail before there is an account.
    email: String,
    /// The password, 8 to 128 characters. It is looked at and not kept: `customerActivate` sets it, so that nobody opens an
    /// account with somebody else's address and a password of their own. Left out, with a secret key, the customer is
    /// entered without one.
    pub password: Option<String>,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The telephone number.
    phone: Option<String>,
    /// Whether they want the shop's mail; they do not unless this says so.
    accepts_marketing: Option<bool>,
    /// The merchant's labels. For secret keys, without a password.
    pub tags: Option<Vec<String>>,
    /// The merchant's remark, at most 5000 characters. For secret keys, without a password.
    pub note: Option<String>,
}

impl CustomerCreateInput {
    /// The address, what they say of themselves, and what is the merchant's to say.
    pub fn into_entry(self) -> EntryChange {
        EntryChange {
            email: Some(self.email),
            person: PersonChange {
                first_name: Some(self.first_name),
                last_name: Some(self.last_name),
                phone: Some(self.phone),
                accepts_marketing: self.accepts_marketing,
            },
            tags: self.tags,
            note: self.note.map(Some),
        }
    }
}

/// What a customer changes of themselves. What is left out stays, null clears.
#[derive(InputObject)]
pub struct CustomerUpdateInput {
    /// Another e-mail address, which is theirs once it is confirmed by mail.
    email: Option<String>,
    /// A new password, 8 to 128 characters. It ends everything that they are signed in with.
    password: Option<String>,
    /// The first name.
    first_name: MaybeUndefined<String>,
    /// The last name.
    last_name: MaybeUndefined<String>,
    /// The telephone number.
    phone: MaybeUndefined<String>,
    /// Whether they want the shop's mail.
    accepts_marketing: Option<bool>,
}

impl CustomerUpdateInput {
    pub fn into_model(self) -> AccountChange {
        AccountChange {
            person: PersonChange {
                first_name: self.first_name.into(),
                last_name: self.last_name.into(),
                phone: self.phone.into(),
                accepts_marketing: self.accepts_marketing,
            },
            email: self.email,
            password: self.password,
        }
    }
}

/// What staff change of a customer. What is left out stays, null clears.
#[derive(Clone, Debug, InputObject)]
pub struct CustomerInput {
    /// The customer's global id.
    pub id: Option<ID>,
    /// Another e-mail address, at once; it counts as not confirmed.
    email: Option<String>,
    /// The first name.
    first_name: MaybeUndefined<String>,
    /// The last name.
    last_name: MaybeUndefined<String>,
    /// The telephone number.
    phone: MaybeUndefined<String>,
    /// The labels, in place of all there are: at most 250 of at most 255 characters.
    tags: Option<Vec<String>>,
    /// The remark, at most 5000 characters.
    note: MaybeUndefined<String>,
}

impl CustomerInput {
    pub fn into_model(self) -> EntryChange {
        EntryChange {
            email: self.email,
            person: PersonChange {
                first_name: self.first_name.into(),
                last_name: self.last_name.into(),
                phone: self.phone.into(),
                accepts_marketing: None,
            },
            tags: self.tags,
            note: self.note.into(),
        }
    }
}

/// Who signs in.
#[derive(InputObject)]
pub struct CustomerAccessTokenCreateInput {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// The answer to the mail by which a forgotten password is replaced.
#[derive(InputObject)]
pub struct CustomerResetInput {
    /// The token in the mail.
    pub reset_token: String,
    /// The new password, 8 to 128 characters.
    pub password: String,
}

/// The answer to the mail by which an address is confirmed.
#[derive(InputObject)]
pub struct CustomerActivateInput {
    /// The token in the mail.
    pub activation_token: String,
    /// Of a new account: its password from now on, 8 to 128 characters. Of an account that gets another address: the
    /// password that it has.
    pub password: String,
}

/// A postal address. Of a change, what is left out stays and null clears.
#[derive(Clone, Debug, InputObject)]
pub struct MailingAddressInput {
    /// The street and number, or the post box.
    address1: MaybeUndefined<String>,
    /// What more there is to find the place.
    address2: MaybeUndefined<String>,
    /// City, town or village.
    city: MaybeUndefined<String>,
    /// The recipient's company.
    company: MaybeUndefined<String>,
    /// The country, which is needed: its name in English, or its code.
    country: MaybeUndefined<String>,
    /// The recipient's first name.
    first_name: MaybeUndefined<String>,
    /// The recipient's last name.
    last_name: MaybeUndefined<String>,
    /// The recipient's phone number.
    phone: MaybeUndefined<String>,
    /// State, province or region, by its name or code.
    province: MaybeUndefined<String>,
    /// The postal code.
    zip: MaybeUndefined<String>,
}

impl MailingAddressInput {
    pub fn into_model(self) -> AddressChange {
        AddressChange {
            first_name: self.first_name.into(),
            last_name: self.last_name.into(),
            company: self.company.into(),
            address1: self.address1.into(),
            address2: self.address2.into(),
            city: self.city.into(),
            zip: self.zip.into(),
            province: self.province.into(),
            country: self.country.into(),
            phone: self.phone.into(),
        }
    }
}
