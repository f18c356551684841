//! What is taken for a provider, and what is told of what is not.

use jsonwebtoken::Algorithm;

use super::{NAME, ProviderConfig, parse};

fn read(text: &str) -> Result<Vec<ProviderConfig>, Vec<String>> {
    let mut mistakes = Vec::new();
    let found = parse(text, "https://api.example", &mut mistakes);
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

#[test]
fn clerk_needs_little_to_be_said() {
    let found = read(
        r#"[{ "name": "clerk", "preset": "clerk", "issuer": "https://clerk.shops.example",
            "authorized_parties": "https://admin.shops.example", "roles": { "org:member": "editor" },
            "webhook_secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "new_shop": { "currency": "EUR", "country": "DE", "shipping_rate": "4.90" } }]"#,
    );
    let [clerk]: [ProviderConfig; 1] = found.unwrap().try_into().unwrap();
    assert_eq!((clerk.tenant.len(), clerk.user.len(), clerk.role.len()), (2, 1, 2));
    assert_eq!(clerk.authorized_parties, ["https://admin.shops.example"]);
    assert_eq!(&*clerk.roles.role(Some("org:member")), "editor");
    assert_eq!(&*clerk.roles.role(Some("org:admin")), "admin");
    assert_eq!(clerk.algorithms, [Algorithm::RS256]);
    assert_eq!(clerk.new_shop.unwrap().shipping_rate_minor, 490);
    assert!(!format!("{clerk:?}").contains("MfKQ9r8"), "a secret is not shown");
}

#[test]
fn every_mistake_is_told_and_no_secret() {
    let mistakes = read(
        r#"[{ "name": "A b", "issuer": "http://login.example", "audience": "x", "preset": "okta",
            "claims": { "tenant": "a..b", "usr": "sub" }, "roles": { "boss": "No Handle" },
            "algorithms": ["HS256"], "webhook_secrets": ["whsec_c2hvcnQ="], "private_network": "yes",
            "new_shop": { "currency": "EURO", "country": "DE", "shipping_rate": "-1" } },
          { "name": "own", "issuer": "https://api.example", "audiences": ["x"], "claims": { "tenant": "t" } },
          { "name": "own", "issuer": "https://login.example/?a=b", "audiences": [], "tenants": "mine" }, 7]"#,
    );
    let said = mistakes.unwrap_err();
    for mistake in [
        "[0].name: expected 1 to 63",
        "[0].issuer: expected an https URL",
        "[0].audience: there is no such field",
        "[0].audiences: expected audiences or authorized_parties",
        "[0].preset: expected clerk",
        "[0].claims.tenant: expected a claim",
        "[0].claims.usr: there is no such field",
        "[0].roles.boss: expected the handle",
        "[0].algorithms: expected some of",
        "[0].webhook_secrets: expected each",
        "[0].private_network: expected true",
        "[0].new_shop.currency: expected one",
        "[2].issuer: expected",
        "[2].audiences: expected 1 to 100",
        "[2].tenants: expected organizations or own",
        "[2].claims: expected an object",
        "[3]: expected an object",
        ": the issuer \"https://api.example\" is PUBLIC_URL",
        ": two providers have the name \"own\"",
    ] {
        assert!(said.iter().any(|line| line.starts_with(&format!("{NAME}{mistake}"))), "{mistake}: {said:#?}");
    }
    assert!(!format!("{said:?}").contains("c2hvcnQ"), "{said:?}");
    assert_eq!(read("[{ \"name\": \"s3cret").unwrap_err(), [format!("{NAME} is no JSON list: line 1, column 18")]);
    for bad in ["/nonexistent/providers.json", "{ \"webhook_secrets\": \"s3cret\" }"] {
        let mistake = &read(bad).unwrap_err()[0];
        assert!(mistake.contains("the file cannot be read") && !mistake.contains("s3cret"), "{mistake}");
    }
}

#[test]
fn webhooks_need_to_know_what_a_new_shop_has() {
    let with = |more: &str| {
        read(&format!(
            r#"[{{ "name": "a", "issuer": "http://127.0.0.1:9", "audiences": "x", "claims": {{ "tenant": "t" }},
                "webhook_secrets": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" {more} }}]"#
        ))
    };
    assert!(with("").unwrap_err()[0].starts_with("IDENTITY_PROVIDERS[0].new_shop: expected an object"));
    let shop = r#", "new_shop": { "currency": "JPY", "country": "JP", "shipping_rate": "0" }"#;
    assert!(with(shop).is_ok(), "on this machine plain http will do");
    assert!(with(&format!(r#"{shop}, "tenants": "own""#)).unwrap_err()[0].contains("webhooks tell of no other"));
    assert!(with(&shop.replace("JPY", "XXX")).unwrap_err()[0].contains("currency: expected one like EUR"));
    let by = |user: &str| {
        let claims = format!(r#""claims": {{ "tenant": "t", "user": {user:?} }}"#);
        read(&format!(
            r#"[{{ "name": "a", "issuer": "http://127.0.0.1:9", "audiences": "x", {claims},
                "webhook_secrets": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" {shop} }}]"#
        ))
    };
    assert!(by("sub").is_ok() && by("email").unwrap_err()[0].contains("claims.user: expected sub"));
}

#[test]
fn a_role_is_named_once_with_and_without_its_prefix() {
    let with = |roles: &str| {
        read(&format!(
            r#"[{{ "name": "a", "preset": "clerk", "issuer": "http://127.0.0.1:9", "authorized_parties": "https://a.example",
                "roles": {roles} }}]"#
        ))
    };
    let lowered = with(r#"{ "org:admin": "editor" }"#).expect("fine");
    for theirs in ["admin", "org:admin"] {
        assert_eq!(&*lowered[0].roles.role(Some(theirs)), "editor", "{theirs}");
    }
    let twice = with(r#"{ "org:admin": "editor", "admin": "viewer" }"#).unwrap_err();
    assert!(twice[0].contains("this role is said twice"), "{twice:?}");
}
