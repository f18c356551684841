//! What store.json says.

use anyhow::Context;
use serde::Deserialize;

use super::BASE_URL;
use crate::country::Country;
use crate::money::{Currency, Money};
use crate::provision::NewStore;
use crate::shipping::model::{NewProfile, NewRate, NewZone};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreFile {
    pub name: String,
    description: String,
    currency: String,
    country: String,
    pub collections: Vec<Collection>,
    pub pages: Vec<Page>,
    pub menus: Vec<Menu>,
    delivery: Vec<Zone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    pub handle: String,
    pub title: String,
    pub description_html: String,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub image: Option<String>,
    /// Handles, in order.
    pub products: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub handle: String,
    pub title: String,
    pub body_html: String,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    pub handle: String,
    pub title: String,
    pub items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub title: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub handle: Option<String>,
    pub url: Option<String>,
    pub items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Zone {
    zone: String,
    countries: Vec<String>,
    rates: Vec<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    title: String,
    price: String,
}

impl StoreFile {
    /// The file in the binary, with the API's own address in it.
    pub fn read(public_url: &str) -> anyhow::Result<Self> {
        let text = include_str!("store.json").replace(BASE_URL, public_url);
        serde_json::from_str(&text).context("reading the demo store")
    }

    pub fn new_store(&self, handle: &str) -> anyhow::Result<NewStore> {
        let currency = Currency::from_code(&self.currency).context("the demo store's currency")?;
        let zones: anyhow::Result<Vec<NewZone>> = self.delivery.iter().map(|zone| zone.draft(currency)).collect();
        Ok(NewStore {
            external_id: None,
            handle: handle.to_owned(),
            name: self.name.clone(),
            description: self.description.clone(),
            currency,
            country: country(&self.country)?,
            delivery: Some(NewProfile { name: "General profile".to_owned(), zones: zones? }),
            // It is there to show everything.
            plan: Some("pro".to_owned()),
            owner: None,
        })
    }
}

impl Zone {
    fn draft(&self, currency: Currency) -> anyhow::Result<NewZone> {
        let rate = |rate: &Rate| {
            let price = Money::parse(&rate.price, currency).with_context(|| format!("rate {}", rate.title))?;
            Ok(NewRate { id: None, name: rate.title.clone(), price_minor: price.minor })
        };
        let countries: anyhow::Result<Vec<Country>> = self.countries.iter().map(|code| country(code)).collect();
        let rates: anyhow::Result<Vec<NewRate>> = self.rates.iter().map(rate).collect();
        Ok(NewZone { id: None, name: self.zone.clone(), countries: countries?, rest_of_world: false, rates: rates? })
    }
}

fn country(code: &str) -> anyhow::Result<Country> {
    Country::from_code(code).with_context(|| format!("country {code}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::dev::demo::PRODUCTS;

    #[test]
    fn the_file_names_only_what_there_is() {
        let file = StoreFile::read("http://127.0.0.1:8000").unwrap();
        assert_eq!(file.new_store("demo").unwrap().delivery.unwrap().zones.len(), 3);
        let products: HashSet<&str> = PRODUCTS.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        let missing: Vec<&String> = file
            .collections
            .iter()
            .flat_map(|c| &c.products)
            .filter(|handle| !products.contains(handle.as_str()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(
            file.collections
                .iter()
                .all(|c| c.image.as_deref().is_some_and(|url| url.starts_with("http://127.0.0.1:8000/demo/images/")))
        );
    }
}
