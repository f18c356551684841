//! The links in what customers are written.
//!
//! A link leads to the shop's storefront, at the paths that Shopify's themes have. A shop without one gives the id and the
//! token themselves, for `customerActivate` and `customerReset`.

use url::Url;
use uuid::Uuid;

use super::secret::Secret;
use crate::ids::GidNamespace;
use crate::mail::letter::{Letter, Way};

/// How a customer, or who would like to be the one with this id, goes on with a token.
pub fn way(storefront_url: Option<&str>, letter: Letter, id: Uuid, token: &str) -> Way {
    let folder = match letter {
        Letter::CustomerAccountActivation | Letter::CustomerEmailVerification => "activate",
        _ => "reset",
    };
    match storefront_url {
        Some(storefront) => Way::Link(format!("{}/account/{folder}/{id}/{token}", storefront.trim_end_matches('/'))),
        None => {
            Way::Codes(vec![("Customer", GidNamespace::Emporia.encode("Customer", id)), ("Token", token.to_owned())])
        }
    }
}

/// The customer's id and the token of a link that was mailed: the last two parts of its path, whatever stands in front.
pub fn read_link(url: &str) -> Option<(Uuid, Secret)> {
    let url = Url::parse(url).ok()?;
    let mut parts = url.path_segments()?.filter(|part| !part.is_empty()).rev();
    let (token, id) = (parts.next()?, parts.next()?);
    Some((Uuid::try_parse(id).ok()?, Secret::given(token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_storefront_and_reads_back() {
        let (id, token) = (Uuid::from_u128(7), Secret::from_random([7; 32]));
        for letter in [Letter::CustomerAccountActivation, Letter::CustomerPasswordReset] {
            for storefront in ["https://fjord.example/", "https://fjord.example/de"] {
                let Way::Link(link) = way(Some(storefront), letter, id, token.reveal()) else { panic!("no link") };
                assert!(link.starts_with(storefront) && !link["https://".len()..].contains("//"), "{link}");
                let (read, secret) = read_link(&link).expect("a link");
                assert!(read == id && secret.hash() == token.hash());
            }
        }
    }

    #[test]
    fn without_a_storefront_there_are_the_id_and_the_token() {
        let id = Uuid::from_u128(7);
        let codes = [("Customer", format!("gid://emporia/Customer/{id}")), ("Token", "secret".to_owned())];
        assert_eq!(way(None, Letter::CustomerPasswordReset, id, "secret"), Way::Codes(codes.to_vec()));
    }

    #[test]
    fn what_is_no_such_link_is_none() {
        for text in ["", "https://shop.example", "https://shop.example/account/reset/7/token", "mailto:a@b.example"] {
            assert!(read_link(text).is_none(), "{text}");
        }
    }
}
