//! What mails look like, for who runs the shop.

use async_graphql::{Context, Description, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::Message;
use super::letter::{LANGUAGES, Letter, Reader, Way, Writer};
use crate::customer::link;
use crate::error::Fault;
use crate::graphql::error::ApiError;
use crate::graphql::scope::ScopeExt;
use crate::identity::mail;
use crate::language::Language;
use crate::shop;

/// In the place of a secret.
const TOKEN: &str = "example";

/// A mail as it would be sent now, to nobody.
#[derive(Clone, Debug, Description)]
pub struct EmailPreview(Message, Language);

#[Object(use_type_description)]
impl EmailPreview {
    /// The language that it is written in.
    async fn language(&self) -> Language {
        self.1
    }

    /// The name before the sender's address.
    async fn sender_name(&self) -> &str {
        &self.0.from_name
    }

    /// Where answers go; null: to the sender's address, which may be nobody's.
    async fn reply_to(&self) -> Option<&str> {
        self.0.reply_to.as_deref()
    }

    /// The subject.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// What programs show that do not show HTML.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// What the others show: a whole document.
    async fn html(&self) -> &str {
        self.0.html.as_deref().unwrap_or_default()
    }
}

#[derive(Default)]
pub struct MailQuery;

#[guarded]
#[Object]
impl MailQuery {
    /// What a mail of the shop's looks like. Names and links in it are examples, and its token opens nothing.
    #[requires(read_settings)]
    async fn email_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which mail.")] template: Letter,
        #[graphql(
            desc = "In which language: `EN`, `DE` or `FR`; left out: the shop's, `tenantSettings.mailLanguage`."
        )]
        language: Option<Language>,
    ) -> Result<EmailPreview> {
        let scope = ctx.scope();
        let shop = scope.read(async |conn| shop::store::shop(conn).await).await?;
        let shop = shop.ok_or_else(|| Fault::internal("the tenant that asks has no shop"))?;
        let language = language.unwrap_or(shop.mail_language);
        if !LANGUAGES.contains(&language) {
            return Err(ApiError::bad_input("mails are written in EN, DE or FR").into());
        }
        let way = match template {
            Letter::StaffInvitation | Letter::StaffPasswordReset | Letter::StaffEmailVerification => {
                mail::way(scope.app.config.http.staff_url.as_deref(), template, TOKEN)
            }
            Letter::CustomerPasswordChanged
            | Letter::CustomerEmailChangeRequested
            | Letter::CustomerEmailChanged
            | Letter::TrialEnding
            | Letter::TrialEnded
            | Letter::PaymentFailed
            | Letter::PaymentMissing => Way::None,
            _ => link::way(shop.storefront_url.as_deref(), template, Uuid::nil(), TOKEN),
        };
        let to = Reader { address: "ada@shop.example", name: template.is_to_staff().then_some("Ada Lovelace") };
        let writer = Writer { language, ..Writer::from(&shop) };
        let values: Vec<(&str, &str)> = template.names().iter().map(|name| (*name, "Example")).collect();
        Ok(EmailPreview(template.write(writer, to, &way, &values), language))
    }
}
