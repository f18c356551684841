//! Staff members, their sessions and what opens them.

use super::{Entry, blind, marked, telling};

const SIGNED_IN: &str = "for who is signed in, and all of these have keys";

pub const READS: &[Entry] = &[
    blind(SIGNED_IN, "{ currentStaffMember { email } }"),
    marked("{ staffSessions(first: 50) { nodes { deviceName staffMember { name } } } }"),
    marked(r#"{ staffSessions(first: 50, after: "<staffSessions cursor>") { nodes { deviceName } } }"#),
    marked(r#"{ staffSessions(last: 50, before: "<staffSessions last cursor>") { nodes { deviceName } } }"#),
];

pub const WRITES: &[Entry] = &[
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
];
