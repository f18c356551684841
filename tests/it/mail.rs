//! Mail as a server hears it: by SMTP, from the settings' URL to the last line.

use emporia::mail::{MailError, Mailer, Message, Smtp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

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
    Smtp::new(url, &"no-reply@shops.example".parse().expect("an address")).send(&message).await
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
