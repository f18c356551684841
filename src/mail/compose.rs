//! From a message to the bytes that travel (RFC 5322, MIME).

use lettre::Message as Mime;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use uuid::Uuid;

use super::{MailError, Message};

/// The message with this id, from the given address.
pub fn compose(id: Uuid, message: &Message, from: &Mailbox) -> Result<Mime, MailError> {
    let hopeless = |error: &dyn std::fmt::Display| MailError::Hopeless(error.to_string());
    let to = message.to.parse::<lettre::Address>().map_err(|error| hopeless(&error))?;
    let mail = Mime::builder()
        .from(Mailbox::new(Some(message.from_name.clone()), from.email.clone()))
        .to(Mailbox::new(None, to))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())));
    let answered = message.reply_to.as_deref().map(str::parse::<lettre::Address>);
    let mail = match answered.transpose().map_err(|error| hopeless(&error))? {
        Some(address) => mail.reply_to(Mailbox::new(None, address)),
        None => mail,
    };
    let mail = mail
        .subject(&message.subject)
        // No machine that is away for the holidays answers it (RFC 3834).
        .raw_header(lettre::message::header::HeaderValue::new(
            lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    let mail = match &message.html {
        Some(html) => mail.multipart(MultiPart::alternative_plain_html(message.text.clone(), html.clone())),
        None => mail.singlepart(SinglePart::plain(message.text.clone())),
    };
    mail.map_err(|error| hopeless(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message {
            to: "ada@shop.example".to_owned(),
            from_name: "Fjörd, \"Field\"".to_owned(),
            reply_to: Some("help@fjord.example".to_owned()),
            subject: "Größe\r\nBcc: all@shop.example".to_owned(),
            text: "Hello".to_owned(),
            html: Some("<p>Hello</p>".to_owned()),
        }
    }

    #[test]
    fn nothing_that_is_said_becomes_a_header() {
        let from = "no-reply@shops.example".parse().unwrap();
        let mail = String::from_utf8(compose(Uuid::from_u128(7), &message(), &from).unwrap().formatted()).unwrap();
        let header = mail.split("\r\n\r\n").next().unwrap();
        assert!(!header.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc:")), "{header}");
        assert!(header.contains("<no-reply@shops.example>") && header.contains("To: ada@shop.example"), "{header}");
        assert!(
            header.contains("Message-ID: <00000000-0000-0000-0000-000000000007@shops.example>"),
            "the same with every attempt: {header}"
        );
        assert!(header.contains("Reply-To: help@fjord.example"), "{header}");
        assert!(mail.contains("text/plain") && mail.contains("<p>Hello</p>"), "{mail}");
    }

    #[test]
    fn a_mail_says_in_which_letters_it_is_written() {
        let from = "no-reply@shops.example".parse().unwrap();
        for html in [None, Some("<p>李</p>".to_owned())] {
            let message = Message { text: "李 Müller".to_owned(), html, ..message() };
            let mail = String::from_utf8(compose(Uuid::from_u128(7), &message, &from).unwrap().formatted()).unwrap();
            assert!(mail.contains("MIME-Version: 1.0") && mail.contains("text/plain; charset=utf-8"), "{mail}");
        }
    }

    #[test]
    fn an_address_that_is_none_will_never_do() {
        let from = "no-reply@shops.example".parse().unwrap();
        for to in ["", "ada", "ada@shop.example, bob@shop.example", "ada@shop.example\r\nBcc: bob@shop.example"] {
            let message = Message { to: to.to_owned(), ..message() };
            assert!(matches!(compose(Uuid::from_u128(7), &message, &from), Err(MailError::Hopeless(_))), "{to}");
        }
    }
}
