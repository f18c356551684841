//! What staff are written.

use crate::app::App;
use crate::db::TenantDb;
use crate::error::Fault;
use crate::identity::model::StaffMember;
use crate::identity::secret::OnceToken;
use crate::mail::{Message, post};
use crate::shop;

/// Posts the token by which a member chooses a password.
pub async fn post_password(app: &App, db: &TenantDb, member: &StaffMember, token: &OnceToken) -> Result<(), Fault> {
    let (shop, sender) = names(db).await?;
    let way = way(app, "password-reset", token);
    let text = format!(
        "Hello {},\n\nsomebody, you perhaps, wants to choose a password for your account at {shop}. {way}\n\nIt is good \
         for an hour and for one use. If it was not you, do nothing: your password stays as it is.\n",
        member.name
    );
    post_text(app, member, (shop, sender), "Choose a password", text);
    Ok(())
}

/// Posts the token by which who is invited chooses a password.
pub async fn post_invitation(app: &App, db: &TenantDb, member: &StaffMember, token: &OnceToken) -> Result<(), Fault> {
    let (shop, sender) = names(db).await?;
    let way = way(app, "invitation", token);
    let text = format!(
        "Hello {},\n\nyou are invited to work for {shop}: choose a password for your account. {way}\n\nIt is good for a \
         week and for one use. If you do not know the shop, do nothing.\n",
        member.name
    );
    post_text(app, member, (shop, sender), "You are invited", text);
    Ok(())
}

/// Posts the token that proves that a member reads mail at this address.
pub async fn post_email(app: &App, db: &TenantDb, member: &StaffMember, token: &OnceToken) -> Result<(), Fault> {
    let (shop, sender) = names(db).await?;
    let way = way(app, "email-verify", token);
    let text = format!(
        "Hello {},\n\nplease confirm that this is the email address of your account at {shop}. {way}\n\nIt is good for a \
         day. If you have no account there, do nothing.\n",
        member.name
    );
    post_text(app, member, (shop, sender), "Confirm your email address", text);
    Ok(())
}

fn post_text(app: &App, member: &StaffMember, (shop, from_name): (String, String), subject: &str, text: String) {
    let (to, subject) = (member.email.clone(), format!("{subject}: {shop}"));
    post(app, Message { to, from_name, reply_to: None, subject, text, html: None });
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
async fn names(db: &TenantDb) -> Result<(String, String), Fault> {
    let shop = db.read(async |conn| Ok::<_, Fault>(shop::store::shop(conn).await?)).await?;
    let names = shop.map(|shop| (shop.sender().to_owned(), shop.name));
    Ok(names.map_or_else(|| ("the shop".to_owned(), "the shop".to_owned()), |(sender, name)| (name, sender)))
}
