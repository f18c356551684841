//! Every entry, sent by a stranger with the other store's names: nothing of it is shown and nothing of it changes, and
//! the answer is the one that names of nobody get. Then sent by the owner: now it shows, so the entry aims well.

use super::caller::Caller;
use super::entries::{Entry, NODES, Node, Shows, all};
use super::furnish::{Furnished, furnish};
use super::names::{Names, filled};
use super::rows::Rows;
use super::statements::without_their_tenant;
use crate::support::{TestApp, admin};
use emporia::access::SystemRole;

#[tokio::test]
async fn no_operation_reaches_the_other_store() {
    let app = TestApp::new().await;
    let (stranger, owner) = (furnish(&app, "alpha").await, furnish(&app, "bravo").await);
    let hosts = [&stranger, &owner].map(|of| format!("{}.shops.test", of.names.get("marker")));
    let nobody = owner.names.of_nobody();
    let rows = Rows::of(&app, owner.store.tenant).await;
    let mut superuser = admin(&app.db.name).await;
    // Every minute it is written down when keys were last used, those with which the stores were furnished too.
    app.app.resolver.write_uses().await.expect("written");
    let mut before = rows.read(&mut superuser).await;
    let mut findings = Vec::new();

    for caller in Caller::all(&app, &stranger.store, &hosts[0], &hosts[1]) {
        for entry in all() {
            findings.extend(shown_to_a_stranger(caller, &entry, &stranger.names, &owner.names, &nobody).await);
            let after = rows.read(&mut superuser).await;
            if after != before {
                findings.push(format!("changed by a stranger: {}", entry.document));
                before = after;
            }
        }
        for (kind, _) in NODES {
            let mut found = caller.nodes(kind, &owner.names).await;
            found.retain(|_, node| !node.is_null());
            findings.extend(found.keys().map(|name| format!("`node` finds the other store's {name} as a {kind}")));
        }
    }

    let merchant = Caller::merchant(&app, &owner.store);
    for (kind, node) in NODES {
        let mut found = merchant.nodes(kind, &owner.names).await;
        let made = found.keys().find(|name| owner.names.get(name).contains(&format!("/{kind}/"))).cloned();
        found.retain(|_, node| !node.is_null());
        match node {
            Node::NoneYet => assert_eq!((made, found.len()), (None, 0), "there are none of {kind} yet"),
            Node::Found(name) => assert_eq!(found[*name]["__typename"], *kind, "{name}"),
            Node::Never(why) => assert!(found.is_empty(), "{why}, yet {kind} is found: {found:#?}"),
        }
    }
    for entry in all() {
        findings.extend(hidden_from_the_owner(&app, &entry, &stranger, &owner).await);
    }
    assert_ne!(rows.read(&mut superuser).await, before, "the owner's changes count");
    let unscoped = without_their_tenant(&app.db).await;
    findings.extend(unscoped.into_iter().map(|sql| format!("a statement that does not name its tenant: {sql}")));
    assert!(findings.is_empty(), "{}", findings.join("\n\n"));
}

/// The same by the stranger's staff, of every role.
#[tokio::test]
async fn no_operation_of_a_member_reaches_the_other_store() {
    let app = TestApp::new().await;
    let owner = furnish(&app, "bravo").await;
    let nobody = owner.names.of_nobody();
    let rows = Rows::of(&app, owner.store.tenant).await;
    let mut superuser = admin(&app.db.name).await;
    // As above: not in the midst of this.
    app.app.resolver.write_uses().await.expect("written");
    let before = rows.read(&mut superuser).await;
    let mut findings = Vec::new();
    for (role, handle) in SystemRole::ALL.into_iter().zip(["alpha", "charlie", "delta", "echo"]) {
        // A store for each: what one makes there would be in the way of the next.
        let stranger = furnish(&app, handle).await;
        let email = format!("{}@shop.example", role.handle());
        let mut token = app.member(&stranger.store, &email, role.handle()).await.access_token;
        for entry in all().filter(|entry| !OF_ONES_OWN.iter().any(|field| entry.document.contains(field))) {
            let caller = Caller::with_token(&app, &token);
            findings.extend(shown_to_a_stranger(caller, &entry, &stranger.names, &owner.names, &nobody).await);
            if app.app.resolver.by_token(&token).await.is_err() {
                token = app.sign_in(&stranger.store, &email).await.access_token;
            }
        }
        let caller = Caller::with_token(&app, &token);
        for (kind, _) in NODES {
            let mut found = caller.nodes(kind, &owner.names).await;
            found.retain(|_, node| !node.is_null());
            findings.extend(found.keys().map(|name| format!("`node` finds the other store's {name} as a {kind}")));
        }
        // By which of them, the test above says: no member may more than the merchant.
        let after = rows.read(&mut superuser).await;
        assert_eq!(after, before, "changed by a stranger's {}", role.handle());
    }
    assert!(findings.is_empty(), "{}", findings.join("\n\n"));
}

/// What takes nothing of anybody's, and leaves its caller another than before: who says it twice gets another answer.
const OF_ONES_OWN: [&str; 3] = ["staffSignOut", "staffPasswordUpdate", "staffEmailVerificationSend"];

/// What is wrong with a stranger's answer.
async fn shown_to_a_stranger(
    caller: Caller<'_>,
    entry: &Entry,
    own: &Names,
    theirs: &Names,
    nobodys: &Names,
) -> Option<String> {
    let document = filled(entry.document, own, theirs);
    let marker = theirs.get("marker");
    assert!(!document.contains(marker), "who sends the marker cannot tell whether it is shown: {document}");
    let answer = caller.ask(&document).await;
    let text = answer.to_string();
    let hidden = match entry.shows {
        Shows::Text(hidden) => filled(hidden, theirs, theirs),
        Shows::Marker | Shows::Nothing(_) => marker.to_owned(),
    };
    if text.to_lowercase().contains(marker) || text.contains(&hidden) {
        return Some(format!("shown to a stranger: {hidden}\n{document}\n{answer:#}"));
    }
    // What is another's looks like what never was.
    let of_nobody = caller.ask(&filled(entry.document, own, nobodys)).await;
    let (answer, of_nobody) = (theirs.put_back(&answer), nobodys.put_back(&of_nobody));
    (answer != of_nobody).then(|| format!("{document}\n{answer:#}\nbut for what is nobody's:\n{of_nobody:#}"))
}

/// What is wrong with the owner's answer: it has to show what the stranger's must not, or the entry proves nothing.
async fn hidden_from_the_owner(
    app: &TestApp,
    entry: &Entry,
    stranger: &Furnished,
    owner: &Furnished,
) -> Option<String> {
    let document = filled(entry.document, &owner.names, &owner.names);
    let answer = Caller::merchant(app, &owner.store).ask(&document).await;
    let shown = match entry.shows {
        Shows::Marker => owner.names.get("marker").to_owned(),
        Shows::Text(shown) => filled(shown, &owner.names, &owner.names),
        Shows::Nothing(why) => {
            let document = filled(entry.document, &stranger.names, &owner.names);
            let strangers = Caller::merchant(app, &stranger.store).ask(&document).await;
            return (strangers != answer)
                .then(|| format!("{why}, but the owner's answer is another:\n{document}\n{answer:#}\n{strangers:#}"));
        }
    };
    let is_shown = answer.to_string().contains(&shown);
    (!is_shown).then(|| format!("not shown to the owner: {shown}\n{document}\n{answer:#}"))
}
