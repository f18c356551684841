//! Mail as a server hears it: by SMTP, from the settings' URL to the last line; and as a job, until it goes or never will.

use std::sync::Arc;

use emporia::mail::{MailError, Mailer, Message, Smtp};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{Store, TestApp};

/// A mail server for one conversation; answers what it was told. This is how it answers to a recipient's address.
async fn server(to_recipient: &'static str) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("smtp://{}", listener.local_addr().expect("an address"));
    let told = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        conversation(stream, to_recipient).await
    });
    (url, told)
}

async fn conversation(stream: TcpStream, to_recipient: &str) -> Vec<String> {
    let (reader, mut writer) = stream.into_split();
    let (mut lines, mut told, mut in_data) = (BufReader::new(reader).lines(), Vec::new(), false);
    writer.write_all(b"220 mail.test\r\n").await.expect("a greeting");
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split([' ', ':']).next() {
            _ if in_data && line != "." => None,
            _ if in_data => Some("250 taken"),
            Some("RCPT") => Some(to_recipient),
            Some("DATA") => Some("354 go on"),
            Some("QUIT") => Some("221 bye"),
            _ => Some("250 mail.test"),
        };
        in_data = (in_data || line == "DATA") && line != ".";
        told.push(line);
        if let Some(answer) = answer {
            writer.write_all(format!("{answer}\r\n").as_bytes()).await.expect("an answer");
        }
    }
    told
}

async fn send(url: &str) -> Result<(), MailError> {
    let message = Message {
        to: "ada@shop.example".to_owned(),
        from_name: "Acme, Ltd.".to_owned(),
        reply_to: None,
        subject: "Größe".to_owned(),
        text: "Hello\n.\nBye".to_owned(),
        html: None,
    };
    let from = "no-reply@shops.example".parse().expect("an address");
    let app = TestApp::new().await;
    Smtp::new(url, &from, &app.app.outside).send(uuid::Uuid::nil(), &message).await
}

#[tokio::test]
async fn a_server_is_told_who_writes_to_whom_and_what() {
    let (url, told) = server("250 fine").await;
    send(&url).await.expect("sent");
    let told = told.await.expect("a conversation");
    for line in [
        "MAIL FROM:<no-reply@shops.example>",
        "RCPT TO:<ada@shop.example>",
        "To: ada@shop.example",
        "From: =?utf-8?b?QWNtZSwgTHRkLg==?= <no-reply@shops.example>",
        "Hello",
        // A line of one dot would end the mail: it is sent with another before it (RFC 5321, 4.5.2).
        "..",
        "Bye",
    ] {
        assert!(told.iter().any(|told| told.starts_with(line)), "{line}: {told:#?}");
    }
    assert!(told.iter().any(|line| line.starts_with("Subject: =?utf-8?")), "{told:#?}");
}

#[tokio::test]
async fn what_a_server_says_of_a_recipient_does_not_come_into_the_log() {
    for (answer, is_hopeless) in
        [("550 no such user: <ada@shop.example>", true), ("450 <ada@shop.example> is busy", false)]
    {
        let (url, _told) = server(answer).await;
        let error = send(&url).await.expect_err("refused");
        assert_eq!(matches!(error, MailError::Hopeless(_)), is_hopeless, "{error}");
        let text = error.to_string();
        assert!(!text.contains("ada") && text.contains(&answer[..3]), "{text}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let error = send(&format!("smtp://{nobody}")).await.expect_err("nobody listens");
    assert!(matches!(error, MailError::NotNow(_)), "{error}");
}

/// Fails as often as it is told to, and keeps what it takes with the id under which it came.
struct Unsteady {
    failures: std::sync::Mutex<Vec<MailError>>,
    taken: std::sync::Mutex<Vec<(uuid::Uuid, Message)>>,
}

#[async_trait::async_trait]
impl Mailer for Unsteady {
    async fn send(&self, id: uuid::Uuid, message: &Message) -> Result<(), MailError> {
        if let Some(failure) = self.failures.lock().expect("no holder panics").pop() {
            return Err(failure);
        }
        self.taken.lock().expect("no holder panics").push((id, message.clone()));
        Ok(())
    }
}

/// A staff member, and a shop whose mail is carried by somebody unsteady.
async fn shop(failures: Vec<MailError>) -> (TestApp, Store, Arc<Unsteady>) {
    let mut app = TestApp::new().await;
    let mailer = Arc::new(Unsteady { failures: failures.into(), taken: Default::default() });
    app.app.mailer = mailer.clone();
    let store = app.store("acme").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    (app, store, mailer)
}

const RECOVER: &str = r#"mutation { staffPasswordRecover(email: "ada@shop.example") { userErrors { message } } }"#;
const MAILS: &str = r#"{ jobs(first: 9, kind: "mail") { nodes { status attempts lastError } } }"#;

#[tokio::test]
async fn a_mail_goes_once_when_the_server_is_there_again() {
    let away = || MailError::NotNow("the mail server did not answer in time".to_owned());
    let (app, store, mailer) = shop(vec![away(), away()]).await;
    app.gql(&store.publishable, RECOVER, json!({})).await;
    app.quiet().await;
    let mails = async || app.gql(&store.secret, MAILS, json!({})).await["jobs"]["nodes"][0].take();
    let told = "it was not sent: the mail server did not answer in time";
    assert_eq!(mails().await, json!({ "status": "QUEUED", "attempts": 1, "lastError": told }));
    for _ in 0..3 {
        app.clock.advance(chrono::TimeDelta::minutes(1));
        app.quiet().await;
    }
    assert_eq!(mails().await, json!({ "status": "SUCCEEDED", "attempts": 3, "lastError": null }));
    let taken = mailer.taken.lock().expect("no holder panics");
    assert_eq!((taken.len(), taken[0].1.to.as_str()), (1, "ada@shop.example"));
}

#[tokio::test]
async fn a_mail_that_never_will_go_is_left_to_people() {
    let (app, store, mailer) = shop(vec![MailError::Hopeless("the mail server answered 550".to_owned())]).await;
    app.gql(&store.publishable, RECOVER, json!({})).await;
    app.quiet().await;
    let mails = app.gql(&store.secret, MAILS, json!({})).await["jobs"]["nodes"].take();
    let told = "it cannot be sent: the mail server answered 550";
    assert_eq!(mails, json!([{ "status": "FAILED", "attempts": 1, "lastError": told }]));
    assert!(mailer.taken.lock().expect("no holder panics").is_empty());
}

/// What tells of something is queued with it: no mail of what did not happen.
#[tokio::test]
async fn no_mail_is_queued_of_what_was_refused() {
    let (app, store, _mailer) = shop(vec![]).await;
    let invite = r#"mutation { staffInvite(input: { email: "ada@shop.example", name: "Ada", role: "owner" }) {
        userErrors { code } } }"#;
    let refused = app.gql(&store.secret, invite, json!({})).await;
    assert_eq!(refused["staffInvite"]["userErrors"][0]["code"], "TAKEN");
    assert_eq!(app.gql(&store.secret, MAILS, json!({})).await["jobs"]["nodes"], json!([]));
}
