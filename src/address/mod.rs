//! Postal addresses: a value type that carts, orders and locations share.

pub mod graphql;

use serde::{Deserialize, Serialize};

use crate::country::Country;

/// Where something goes. Everything but the country may be unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub zip: Option<String>,
    /// The part of the country, by its code: `BY`, `CA`.
    pub province_code: Option<String>,
    #[serde(with = "country_code")]
    pub country: Country,
    pub phone: Option<String>,
}

/// Countries are kept by their codes.
mod country_code {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::country::Country;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(country: &Country, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(country.code())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Country, D::Error> {
        let code = String::deserialize(deserializer)?;
        Ok(Country::from_code(&code).unwrap_or(Country::ZZ))
    }
}

/// At most this many characters in each part of an address.
pub const MAX_PART: usize = 255;

/// What a carrier cannot do without, beside the country. Not every country has postal codes.
const NEEDED: [&str; 3] = ["lastName", "address1", "city"];

impl Address {
    /// The parts that are texts, by their names in the schema.
    pub fn texts(&self) -> [(&'static str, Option<&str>); 9] {
        [
            ("firstName", self.first_name.as_deref()),
            ("lastName", self.last_name.as_deref()),
            ("company", self.company.as_deref()),
            ("address1", self.address1.as_deref()),
            ("address2", self.address2.as_deref()),
            ("city", self.city.as_deref()),
            ("zip", self.zip.as_deref()),
            ("provinceCode", self.province_code.as_deref()),
            ("phone", self.phone.as_deref()),
        ]
    }

    /// The parts that are missing for something to be delivered, by their names in the schema.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        let is_blank = |text: Option<&str>| text.is_none_or(|text| text.trim().is_empty());
        self.texts()
            .into_iter()
            .filter(move |(name, text)| NEEDED.contains(name) && is_blank(*text))
            .map(|(name, _)| name)
    }

    /// First and last name, as far as they are known.
    pub fn name(&self) -> Option<String> {
        joined([self.first_name.as_deref(), self.last_name.as_deref()], " ")
    }

    /// City, province and country in one line.
    pub fn area(&self) -> Option<String> {
        joined([self.city.as_deref(), self.province_code.as_deref(), Some(self.country.name())], ", ")
    }

    /// The lines of a label, the country last.
    pub fn formatted(&self, with_name: bool, with_company: bool) -> Vec<String> {
        let place = joined([self.zip.as_deref(), self.city.as_deref(), self.province_code.as_deref()], " ");
        [
            self.name().filter(|_| with_name),
            self.company.clone().filter(|_| with_company),
            self.address1.clone(),
            self.address2.clone(),
            place,
            Some(self.country.name().to_owned()),
        ]
        .into_iter()
        .flatten()
        .filter(|line| !line.is_empty())
        .collect()
    }
}

fn joined<const N: usize>(parts: [Option<&str>; N], between: &str) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(between))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_leaves_out_what_is_unknown() {
        let address = Address {
            first_name: Some("Ada".into()),
            last_name: None,
            company: Some(String::new()),
            address1: Some("Am Markt 1".into()),
            address2: None,
            city: Some("Jena".into()),
            zip: Some("07743".into()),
            province_code: None,
            country: Country::DE,
            phone: None,
        };
        assert_eq!(address.formatted(true, true), ["Ada", "Am Markt 1", "07743 Jena", "Germany"]);
        assert_eq!(address.formatted(false, true)[0], "Am Markt 1");
        assert_eq!(address.area().unwrap(), "Jena, Germany");
        let kept = serde_json::to_value(&address).unwrap();
        assert_eq!(kept["country"], "DE");
        assert_eq!(serde_json::from_value::<Address>(kept).unwrap(), address);
    }
}
