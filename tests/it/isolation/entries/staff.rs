//! Staff members, their sessions and what opens them.

use super::{Entry, blind, marked, telling};

const SIGNED_IN: &str = "for who is signed in, and all of these have keys";

pub const READS: &[Entry] = &[
    blind(SIGNED_IN, "{ currentStaffMember { email } }"),
    marked("{ staffMembers(first: 50) { nodes { email name role } } }"),
    marked(r#"{ staffMembers(first: 50, after: "<staffMembers cursor>") { nodes { name } } }"#),
    marked(r#"{ staffMembers(last: 50, before: "<staffMembers last cursor>") { nodes { name } } }"#),
    marked(r#"{ staffMember(id: "<staff1>") { email name role } }"#),
    telling("<collection1>", r#"{ staffMember(id: "<clerk1>") { overrides { effect objectId setById } } }"#),
    marked("{ staffSessions(first: 50) { nodes { deviceName staffMember { name } } } }"),
    marked(r#"{ staffSessions(first: 50, after: "<staffSessions cursor>") { nodes { deviceName } } }"#),
    marked(r#"{ staffSessions(last: 50, before: "<staffSessions last cursor>") { nodes { deviceName } } }"#),
];

pub const WRITES: &[Entry] = &[
    telling(
        "TAKEN",
        r#"mutation { staffInvite(input: { email: "<staff1 email>", name: "Ina", role: "viewer" }) {
            staffMember { name } userErrors { field code } } }"#,
    ),
    marked(
        r#"mutation { staffUpdate(id: "<staff1>", input: { suspended: false }) {
            staffMember { name } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { staffPermissionOverridesSet(id: "<clerk1>", overrides: []) {
            staffMember { name } userErrors { field code message } } }"#,
    ),
    telling(
        r#""objectId":"<collection1>""#,
        r#"mutation { staffPermissionOverridesSet(id: "<own clerk2>", overrides: [
            { permission: "write_collections", effect: ALLOW, objectId: "<collection1>" }]) {
            staffMember { overrides { objectId } } userErrors { field code message } } }"#,
    ),
    blind(SIGNED_IN, "mutation { staffSignOut { revokedStaffSessionId userErrors { field code message } } }"),
    blind(SIGNED_IN, "mutation { staffEmailVerificationSend { userErrors { field code message } } }"),
    blind(
        SIGNED_IN,
        r#"mutation { staffPasswordUpdate(currentPassword: "correct horse battery", newPassword: "long enough") {
            userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { staffSignIn(input: { email: "<staff1 email>", password: "correct horse battery" }) {
            staffMember { name } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { staffTokenRefresh(refreshToken: "<refresh1>") {
            staffMember { name } userErrors { field code message } } }"#,
    ),
    blind(
        "says nothing of who there is",
        r#"mutation { staffPasswordRecover(email: "<staff1 email>") { userErrors { field code message } } }"#,
    ),
    blind(
        "it sets a password, and proves no address",
        r#"mutation { staffEmailVerify(token: "<token1>") {
            staffMember { name } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { staffPasswordReset(token: "<token1>", password: "long enough") {
            staffMember { name } userErrors { field code message } } }"#,
    ),
    telling(
        r#""revokedStaffSessionId":"<session2>""#,
        r#"mutation { staffSessionRevoke(id: "<session2>") {
            revokedStaffSessionId userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { staffAccept(token: "<token2>", password: "long enough") {
            staffMember { name } userErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedStaffMemberId":"<staff2>""#,
        r#"mutation { staffRemove(id: "<staff2>") { deletedStaffMemberId userErrors { field code message } } }"#,
    ),
];
