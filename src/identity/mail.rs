//! What staff are written.

use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantTx};
use crate::identity::model::StaffMember;
use crate::identity::secret::OnceToken;
use crate::mail::{Message, post_in_tx};
use crate::shop;

/// Posts the token by which a member chooses a password.
pub async fn post_password_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    member: &StaffMember,
    token: &OnceToken,
) -> QueryResult<()> {
    let (shop, sender) = names(tx.conn()).await?;
    let way = way(app, "password-reset", token);
    let text = format!(
        "Hello {},\n\nsomebody, you perhaps, wants to choose a password for your account at {shop}. {way}\n\nIt is good \
         for an hour and for one use. If it was not you, do nothing: your password stays as it is.\n",
        member.name
    );
    post_text_in_tx(tx, app, member, (shop, sender), "Choose a password", text).await
}

/// Posts the token by which who is invited chooses a password.
pub async fn post_invitation_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    member: &StaffMember,
    token: &OnceToken,
) -> QueryResult<()> {
    let (shop, sender) = names(tx.conn()).await?;
    let way = way(app, "invitation", token);
    let text = format!(
        "Hello {},\n\nyou are invited to work for {shop}: choose a password for your account. {way}\n\nIt is good for a \
         week and for one use. If you do not know the shop, do nothing.\n",
        member.name
    );
    post_text_in_tx(tx, app, member, (shop, sender), "You are invited", text).await
}

/// Posts the token that proves that a member reads mail at this address.
pub async fn post_email_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    member: &StaffMember,
    token: &OnceToken,
) -> QueryResult<()> {
    let (shop, sender) = names(tx.conn()).await?;
    let way = way(app, "email-verify", token);
    let text = format!(
        "Hello {},\n\nplease confirm that this is the email address of your account at {shop}. {way}\n\nIt is good for a \
         day. If you have no account there, do nothing.\n",
        member.name
    );
    post_text_in_tx(tx, app, member, (shop, sender), "Confirm your email address", text).await
}

async fn post_text_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    member: &StaffMember,
    (shop, from_name): (String, String),
    subject: &str,
    text: String,
) -> QueryResult<()> {
    let (to, subject) = (member.email.clone(), format!("{subject}: {shop}"));
    post_in_tx(tx, app, Message { to, from_name, reply_to: None, subject, text, html: None }).await
}

/// A link into staff's own application; where none is set up, the token for people to enter.
fn way(app: &App, page: &str, token: &OnceToken) -> String {
    match &app.config.http.staff_url {
        // Behind the #, which no browser sends to a server and no server writes into a log.
        Some(url) => format!("Open this page:\n\n{url}/{page}#token={}", token.reveal()),
        None => format!("Enter this:\n\n{}", token.reveal()),
    }
}

/// The shop's name, and the one under which it mails.
async fn names(conn: &mut TenantConn<'_>) -> QueryResult<(String, String)> {
    let names = shop::store::shop(conn).await?.map(|shop| (shop.sender().to_owned(), shop.name));
    Ok(names.map_or_else(|| ("the shop".to_owned(), "the shop".to_owned()), |(sender, name)| (name, sender)))
}
