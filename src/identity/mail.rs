//! What staff are written.

use crate::app::App;
use crate::db::{QueryResult, TenantTx};
use crate::identity::model::StaffMember;
use crate::identity::secret::OnceToken;
use crate::mail::letter::{Letter, Reader, Way, Writer};
use crate::mail::post_in_tx;
use crate::shop;

/// Posts a letter with a token to a member. Nothing where the shop is not finished: nobody works there.
pub async fn post_letter_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    letter: Letter,
    member: &StaffMember,
    token: &OnceToken,
) -> QueryResult<()> {
    let Some(shop) = shop::store::shop(tx.conn()).await? else { return Ok(()) };
    let to = Reader { address: &member.email, name: Some(&member.name) };
    let way = way(app.config.http.staff_url.as_deref(), letter, token.reveal());
    post_in_tx(tx, app, letter.write(Writer::from(&shop), to, &way, &[])).await
}

/// A link into staff's own application; where none is set up, the token for people to enter.
pub fn way(staff_url: Option<&str>, letter: Letter, token: &str) -> Way {
    let page = match letter {
        Letter::StaffInvitation => "invitation",
        Letter::StaffEmailVerification => "email-verify",
        _ => "password-reset",
    };
    match staff_url {
        // Behind the #, which no browser sends to a server and no server writes into a log.
        Some(url) => Way::Link(format!("{url}/{page}#token={token}")),
        None => Way::Codes(vec![("Token", token.to_owned())]),
    }
}
